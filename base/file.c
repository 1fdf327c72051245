/* SPDX-License-Identifier: Apache-2.0 */
/* Whole small files, read and written safely. */
#include "base/file.h"

#include "base/own.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool read_all(int fd, const char *path, struct buf *buf, struct err *err)
{
    char piece[16384];
    for (;;) {
        ssize_t got = read(fd, piece, sizeof(piece));
        if (got == 0)
            return true;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_INPUT, "cannot read %s", path);
        if (!buf_add(buf, piece, (size_t)got))
            return err_set(err, ERR_TOO_LARGE, "%s is larger than %zu bytes", path, buf->max);
    }
}

bool file_read(const char *path, struct buf *buf, struct err *err)
{
    OWN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INPUT, "cannot open %s",
                             path);
    return read_all(fd, path, buf, err);
}

static bool write_all(int fd, struct bytes content)
{
    while (content.len) {
        ssize_t sent = write(fd, content.data, content.len);
        if (sent < 0 && errno != EINTR)
            return false;
        if (sent > 0) {
            content.data += sent;
            content.len -= (size_t)sent;
        }
    }
    return true;
}

/* A rename is on disk once the folder is. */
static bool sync_folder_of(const char *path)
{
    OWN(free) char *folder = str_copy(path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    OWN(fd) int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

static bool replace(const char *path, mode_t mode, struct bytes content, bool sync, struct err *err)
{
    OWN(free) char *temporary = str_format("%s.XXXXXX", path);
    OWN(fd) int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, ERR_INPUT, "cannot write %s", path);
    if (fchmod(fd, mode) == 0 && write_all(fd, content) && (!sync || fsync(fd) == 0) &&
        rename(temporary, path) == 0 && (!sync || sync_folder_of(path)))
        return true;
    err_set_errno(err, ERR_INPUT, "cannot write %s", path);
    unlink(temporary);
    return false;
}

bool file_write(const char *path, mode_t mode, struct bytes content, struct err *err)
{
    return replace(path, mode, content, true, err);
}

bool file_write_unsynced(const char *path, mode_t mode, struct bytes content, struct err *err)
{
    return replace(path, mode, content, false, err);
}

bool file_make_dirs(const char *path, struct err *err)
{
    OWN(free) char *part = str_copy(path);
    for (char *c = part; *c; c++)
        if (c > part && *c == '/') {
            *c = '\0';
            mkdir(part, 0700); /* a failure shows at the last one */
            *c = '/';
        }
    struct stat found;
    if ((stat(path, &found) == 0 && S_ISDIR(found.st_mode)) || mkdir(path, 0700) == 0)
        return true;
    if (errno == EEXIST)
        errno = ENOTDIR;
    return err_set_errno(err, ERR_INPUT, "cannot create the folder %s", path);
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *where)
{
    (void)found, (void)type, (void)where;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

bool file_remove_tree(const char *path, struct err *err)
{
    struct stat found;
    if (lstat(path, &found) < 0 && errno == ENOENT)
        return true;
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0)
        return true;
    return err_set_errno(err, ERR_INPUT, "cannot remove %s", path);
}
