/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary directory for one test. */
#include "tests/helpers/temp_dir.h"

#include "base/env.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/test.h"

#include <stdio.h>
#include <string.h>

struct temp_dir temp_dir_new(void)
{
    struct temp_dir dir;
    snprintf(dir.path, sizeof(dir.path), "%s/test-XXXXXX", env_str("TMPDIR", "/tmp"));
    EXPECT(mkdtemp(dir.path) != NULL);
    return dir;
}

void own_temp_dir(struct temp_dir *local)
{
    struct err err = {0};
    EXPECT(file_remove_tree(local->path, &err));
}

char *temp_dir_add_file(const struct temp_dir *dir, const char *name, const char *content)
{
    OWN(free) char *path = str_format("%s/%s", dir->path, name);
    struct err err = {0};
    OWN(free)
    char *parent = str_copy_bytes((struct bytes){path, (size_t)(strrchr(path, '/') - path)});
    EXPECT(file_make_dirs(parent, &err));
    EXPECT(file_write(path, 0600, bytes_of(content), &err));
    return move_ptr(&path);
}

void temp_dir_write(const struct temp_dir *dir, const char *name, const char *content)
{
    free(temp_dir_add_file(dir, name, content));
}
