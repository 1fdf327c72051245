/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program as a filter. */
#include "gcp-local/translate/filter_process.h"

#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file in memory; the child reads and writes it like any other, so nobody waits for anybody. */
static int memory_file(struct bytes content)
{
    int fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd < 0)
        return -1;
    for (size_t done = 0; done < content.len;) {
        ssize_t len = write(fd, content.data + done, content.len - done);
        if (len < 0) {
            close(fd);
            return -1;
        }
        done += (size_t)len;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* A child has its own process group, so that what it starts can be ended with it, no blocked or
 * ignored signals, and none of our files. */
static int spawn(const struct filter_process *filter, int in, int out, int errors, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);

    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGCHLD);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);

    int failure = posix_spawnp(pid, filter->argv[0], &files, &attributes,
                               (char *const *)filter->argv, (char *const *)filter->env);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failure;
}

/* Reads until the program has closed its output. */
static bool read_output(const struct filter_process *filter, int fd, struct buf *out,
                        struct err *err)
{
    enum { PIECE = 16384 };
    int64_t end = timestamp_monotonic_ns() + (int64_t)filter->timeout_ms * NS_PER_MS;
    size_t limit = out->len + filter->max_output;
    for (;;) {
        int64_t left_ms = (end - timestamp_monotonic_ns()) / NS_PER_MS;
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) == 0)
            return err_set(err, ERR_UNAVAILABLE, "%s takes longer than %d s", filter->argv[0],
                           filter->timeout_ms / 1000);
        char piece[PIECE];
        ssize_t len = read(fd, piece, sizeof(piece));
        if (len < 0 && errno != EINTR)
            return err_set(err, ERR_INTERNAL, "cannot read from %s: %s", filter->argv[0],
                           strerror(errno));
        if (len == 0)
            return true;
        if (len > 0 && (out->len + (size_t)len > limit || !buf_add(out, piece, (size_t)len)))
            return err_set(err, ERR_INTERNAL, "%s writes more than %zu bytes", filter->argv[0],
                           filter->max_output);
    }
}

/* What a program that failed has said: the first line. */
static bool explain_failure(const struct filter_process *filter, int errors, int status,
                            struct err *err)
{
    char said[200] = "nothing";
    ssize_t len = pread(errors, said, sizeof(said) - 1, 0);
    if (len > 0) {
        said[len] = '\0';
        said[strcspn(said, "\n")] = '\0';
    }
    return err_set(err, ERR_INTERNAL, "%s failed (%s %d), saying: %s", filter->argv[0],
                   WIFSIGNALED(status) ? "signal" : "exit code",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), said);
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ; /* a signal came: wait on */
    return status;
}

bool filter_process_run(const struct filter_process *filter, struct bytes input, struct buf *out,
                        struct err *err)
{
    OWN(fd) int in = memory_file(input);
    OWN(fd) int errors = memory_file((struct bytes){0});
    int ends[2];
    if (in < 0 || errors < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, ERR_UNAVAILABLE, "cannot run %s: %s", filter->argv[0], strerror(errno));
    OWN(fd) int output = ends[0];
    pid_t pid = 0;
    int failure = spawn(filter, in, ends[1], errors, &pid);
    close(ends[1]);
    if (failure)
        return err_set(err, failure == ENOENT ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
                       "cannot run %s: %s", filter->argv[0], strerror(failure));

    bool read_all = read_output(filter, output, out, err);
    if (!read_all)
        kill(-pid, SIGKILL);
    int status = wait_for(pid);
    if (!read_all)
        return false;
    return status == 0 || explain_failure(filter, errors, status, err);
}
