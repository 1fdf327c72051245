/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program as a filter. */
#include "gcp-local/translate/filter_process.h"

#include "base/child_process.h"
#include "base/own.h"
#include "base/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

/* A file in memory, which the child reads or writes without waiting for us. -1 and errno on
 * failure.
 */
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
            return err_set_errno(err, ERR_INTERNAL, "cannot read from %s", filter->argv[0]);
        if (len == 0)
            return true;
        if (len > 0 && (out->len + (size_t)len > limit || !buf_add(out, piece, (size_t)len)))
            return err_set(err, ERR_INTERNAL, "%s writes more than %zu bytes", filter->argv[0],
                           filter->max_output);
    }
}

/* Quotes the first line of what a failed program wrote to its standard error. */
static bool explain_failure(const struct filter_process *filter, int errors, int result,
                            struct err *err)
{
    char line[200] = "nothing";
    ssize_t len = pread(errors, line, sizeof(line) - 1, 0);
    if (len > 0) {
        line[len] = '\0';
        line[strcspn(line, "\n")] = '\0';
    }
    return err_set(err, ERR_INTERNAL, "%s failed (%s %d): %s", filter->argv[0],
                   result < 0 ? "signal" : "exit code", result < 0 ? -result : result, line);
}

bool filter_process_run(const struct filter_process *filter, struct bytes input, struct buf *out,
                        struct err *err)
{
    OWN(fd) int in = memory_file(input);
    OWN(fd) int errors = memory_file((struct bytes){0});
    int ends[2];
    if (in < 0 || errors < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return err_set_errno(err, ERR_UNAVAILABLE, "cannot run %s", filter->argv[0]);
    OWN(fd) int output = ends[0];
    struct child_process_options options = {
        .argv = filter->argv, .env = filter->env, .in = in, .out = ends[1], .error = errors};
    struct child_process child;
    bool started = child_process_start(&options, &child, err);
    close(ends[1]);
    if (!started)
        return false;

    bool complete = read_output(filter, output, out, err);
    if (!complete)
        child_process_signal(&child, SIGKILL);
    int result = child_process_wait(&child);
    if (!complete)
        return false;
    return result == 0 || explain_failure(filter, errors, result, err);
}
