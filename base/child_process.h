/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes: a program in a process group of its own, without a shell. The child has default
 * signal handling, no blocked signals, and of our files only the three that it is given. */
#ifndef BASE_CHILD_PROCESS_H
#define BASE_CHILD_PROCESS_H

#include "base/err.h"

#include <sys/types.h>

struct child_process_options {
    char *const *argv;  /* argv[0] is a path, or a name that is looked up in PATH */
    char *const *env;   /* NULL = ours */
    const char *dir;    /* the working directory; NULL = ours */
    int in, out, error; /* become its standard input, output and error; 0 = /dev/null. Stay open
                         * here: the caller closes them */
    int death_signal;   /* sent to it when the thread that started it ends; 0 = none */
};

/* All zero is no process. */
struct child_process {
    pid_t pid; /* also the id of its process group */
    int pidfd; /* becomes readable when it has ended */
};

/* Starts a program, and returns once it runs. False and err: ERR_NOT_FOUND when there is no such
 * program, otherwise ERR_UNAVAILABLE; err->errno_code says why. With a death signal the calling
 * thread must live as long as the program is to run. */
bool child_process_start(const struct child_process_options *options, struct child_process *child,
                         struct err *err);

/* Waits until the program has ended and closes pidfd: its exit code, or minus the signal that ended
 * it. To be called once. */
int child_process_wait(struct child_process *child);

/* Signals the process group: the program and all that it has started, which may outlive it. */
void child_process_signal(const struct child_process *child, int signal);

#endif
