/* SPDX-License-Identifier: Apache-2.0 */
/* base/file: whole files and folders. */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/temp_dir.h"
#include "tests/helpers/test.h"

#include <string.h>
#include <sys/stat.h>

TEST(a_file_is_read_as_it_was_written_and_has_its_mode)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(free) char *path = str_format("%s/key", dir.path);
    struct err err = {0};
    EXPECT(file_write(path, 0600, bytes_of("old"), &err));
    EXPECT(file_write(path, 0600, (struct bytes){"new\0bytes", 9}, &err));

    OWN(buf) struct buf buf = {0};
    EXPECT(file_read(path, &buf, &err));
    EXPECT(bytes_equal(buf_bytes(&buf), (struct bytes){"new\0bytes", 9}));
    struct stat found;
    EXPECT_INT(stat(path, &found), 0);
    EXPECT_INT(found.st_mode & 0777, 0600);
}

TEST(an_unsynced_write_replaces_the_whole_file_too)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(free) char *path = str_format("%s/ports", dir.path);
    struct err err = {0};
    EXPECT(file_write_unsynced(path, 0644, bytes_of("old"), &err));
    EXPECT(file_write_unsynced(path, 0644, bytes_of("new"), &err));
    OWN(buf) struct buf buf = {0};
    EXPECT(file_read(path, &buf, &err));
    EXPECT_STR(buf.data, "new");
}

TEST(a_missing_file_and_one_that_is_too_large_have_different_errors)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(free) char *path = str_format("%s/key", dir.path);
    OWN(buf) struct buf buf = {.max = 2};
    struct err none = {0}, large = {0};
    EXPECT(!file_read(path, &buf, &none));
    EXPECT_INT(none.status, ERR_NOT_FOUND);
    EXPECT_HAS(none.text, path);

    EXPECT(file_write(path, 0644, bytes_of("abc"), &none));
    EXPECT(!file_read(path, &buf, &large));
    EXPECT_INT(large.status, ERR_TOO_LARGE);
}

TEST(a_failed_write_leaves_no_temporary_file)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(free) char *path = str_format("%s/folder", dir.path);
    struct err err = {0};
    EXPECT(file_make_dirs(path, &err));
    EXPECT(!file_write(path, 0600, bytes_of("a folder is in the way"), &err));
    EXPECT_HAS(err.text, "cannot write");
    EXPECT_INT(rmdir(path), 0);
    EXPECT_INT(rmdir(dir.path), 0); /* which must be empty */
}

TEST(missing_folders_are_created_and_existing_ones_kept)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(free) char *path = str_format("%s/a/b/c", dir.path);
    struct err err = {0};
    EXPECT(file_make_dirs(path, &err));
    EXPECT(file_make_dirs(path, &err));
    OWN(free) char *file = str_format("%s/file", dir.path);
    EXPECT(file_write(file, 0600, bytes_of("x"), &err));
    EXPECT(!file_make_dirs(file, &err));
    EXPECT_HAS(err.text, "Not a directory");
}

TEST(a_tree_is_removed_without_following_links)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(free) char *kept = str_format("%s/kept", dir.path);
    OWN(free) char *tree = str_format("%s/tree/deep", dir.path);
    OWN(free) char *link = str_format("%s/tree/deep/link", dir.path);
    OWN(free) char *top = str_format("%s/tree", dir.path);
    struct err err = {0};
    EXPECT(file_write(kept, 0600, bytes_of("x"), &err));
    EXPECT(file_make_dirs(tree, &err));
    EXPECT_INT(symlink(kept, link), 0);
    EXPECT(file_remove_tree(top, &err));
    EXPECT(file_remove_tree(top, &err)); /* again is fine */
    EXPECT(access(top, F_OK) != 0);
    EXPECT_INT(access(kept, F_OK), 0);
}
