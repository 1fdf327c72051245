/* SPDX-License-Identifier: Apache-2.0 */
/* A lock of a folder for one process at a time. */
#include "base/dir_lock.h"

#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

static bool take(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

int dir_lock_take(const char *folder, const char *program, int64_t timeout_ns, struct err *err)
{
    static const struct timespec pause = {.tv_nsec = 2 * NS_PER_MS}; /* flock has no timeout */
    OWN(free) char *path = str_format("%s/lock", folder);
    OWN(fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        err_set_errno(err, ERR_INPUT, "cannot write in %s", folder);
        return -1;
    }
    int64_t until_ns = timestamp_monotonic_ns() + timeout_ns;
    while (!take(fd)) {
        if (timestamp_monotonic_ns() >= until_ns) {
            err_set(err, ERR_CONFLICT, "%s is in use by another %s", folder, program);
            return -1;
        }
        nanosleep(&pause, NULL);
    }
    int taken = fd;
    fd = -1;
    return taken;
}

int dir_lock_open(const char *folder, const char *program, int64_t timeout_ns, char **path,
                  struct err *err)
{
    if (!file_make_dirs(folder, err))
        return -1;
    *path = realpath(folder, NULL);
    if (*path)
        return dir_lock_take(*path, program, timeout_ns, err);
    err_set_errno(err, ERR_INPUT, "cannot find %s", folder);
    return -1;
}

bool dir_lock_is_held(const char *folder)
{
    OWN(free) char *path = str_format("%s/lock", folder);
    OWN(fd) int fd = open(path, O_RDWR | O_CLOEXEC);
    return fd >= 0 && !take(fd);
}
