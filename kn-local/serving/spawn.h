/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a program: in a process group of its own, that dies with us, and whose output comes back
 * by a pipe. */
#ifndef KN_LOCAL_SERVING_SPAWN_H
#define KN_LOCAL_SERVING_SPAWN_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct spawn {
    char *const *argv; /* argv[0] is a path */
    char *const *env;
    const char *dir; /* NULL = ours */
};

/* Starts it. The thread that calls must live as long as the program may: the kernel kills the
 * program when that thread ends. output and pidfd are to be closed by the caller. False and err
 * (ERR_UNAVAILABLE). */
bool spawn_start(const struct spawn *spawn, pid_t *pid, int *pidfd, int *output, struct err *err);

/* Takes the end of a program whose pidfd has become readable: its exit code, or minus the signal.
 */
int spawn_end(int pidfd);

/* Signals the program and all that it has started. */
void spawn_signal(pid_t pid, int signal);

#endif
