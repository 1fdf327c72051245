/* SPDX-License-Identifier: Apache-2.0 */
/* Starts, watches and stops the programs under test. */
#ifndef TESTS_HELPERS_PROCESS_H
#define TESTS_HELPERS_PROCESS_H

#include "base/buf.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

/* A running program. A thread collects its standard output and error. */
struct process {
    pid_t pid;
    pthread_t reader;
    int output;
    pthread_mutex_t lock; /* guards the members below */
    pthread_cond_t changed;
    struct buf log;
    bool ended; /* the output has ended */
};

/* Starts build/…/NAME with arguments and "VARIABLE=value" strings, in addition to PATH, HOME and
 * the sanitizers' options. Both lists end in NULL and may be NULL. */
void process_start(struct process *process, const char *name, const char *const *arguments,
                   const char *const *environment);

/* Waits until the output contains a text. Fails the test when the program ends first, or after a
 * minute. */
void process_await(struct process *process, const char *text);

/* The port in "… listens on port N". */
uint16_t process_port(struct process *process);

/* A copy of the current output. The caller frees. */
char *process_log(struct process *process);

/* Sends a signal and waits for the end. Returns the exit code, or 128 + the signal that ended it.
 */
int process_stop(struct process *process, int signal);

/* As process_stop, without a signal. *log receives the output, for free(); log may be NULL. */
int process_wait(struct process *process, char **log);

/* The state of any process: /proc/PID/stat, see proc(5). */
struct process_stat {
    char state; /* 'Z' with one thread: it has ended, and only its exit code is left */
    pid_t parent;
    int threads;
};

/* False when there is no such process. */
bool process_read_stat(pid_t pid, struct process_stat *stat);

/* The folder of the programs under test: $BUILD, else build/address-undefined. */
const char *build_dir(void);

#endif
