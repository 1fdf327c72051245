/* SPDX-License-Identifier: Apache-2.0 */
/* Real programs under test: started, asked, watched and ended by their process id. */
#ifndef TESTS_HELPERS_PROCESS_H
#define TESTS_HELPERS_PROCESS_H

#include "base/buf.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

/* A program that runs. Its output (both kinds) is collected by a thread of its own. */
struct process {
    pid_t pid;
    pthread_t reader;
    int output;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    struct buf log;
    bool over; /* the output has ended */
};

/* Starts build/…/NAME with arguments and with "VARIABLE=value" texts on top of a bare environment
 * (PATH, HOME and the sanitizers' settings). Both lists end in NULL and may be NULL. */
void process_start(struct process *process, const char *name, const char *const *arguments,
                   const char *const *environment);

/* Waits until a text stands in the output; fails the test when the program ends before, or
 * says nothing of the kind for a minute. */
void process_await(struct process *process, const char *text);

/* The port in "… listens on port N". */
uint16_t process_port(struct process *process);

/* A copy of the output so far. The caller frees. */
char *process_log(struct process *process);

/* Sends a signal and waits for the end. The exit code, or 128 + the signal that ended it. */
int process_stop(struct process *process, int signal);

/* Waits for the end without a signal. *log receives the whole output, for free(); it may be NULL.
 */
int process_wait(struct process *process, char **log);

/* What the kernel says of a process, any process (proc(5), /proc/PID/stat). */
struct process_stat {
    char state; /* 'Z': it has nothing any more but its exit code, once it is down to one thread */
    pid_t parent;
    int threads;
};

/* False when there is no such process. */
bool process_read_stat(pid_t pid, struct process_stat *stat);

/* Where the programs under test are: $BUILD, else build/address-undefined. */
const char *build_dir(void);

#endif
