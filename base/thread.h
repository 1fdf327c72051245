/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: started with all signals blocked, and waits on the monotonic clock. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/err.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>

/* Starts a thread with all signals blocked; the name (at most 15 characters, a literal) is shown by
 * ps and debuggers. To be joined. False and err (ERR_UNAVAILABLE) when the system refuses another
 * thread. */
bool thread_start(pthread_t *thread, const char *name, void *(*run)(void *context), void *context,
                  struct err *err);

/* As thread_start, for a thread that nothing joins, with a stack of that size. */
bool thread_start_detached(size_t stack_bytes, const char *name, void *(*run)(void *context),
                           void *context, struct err *err);

/* Blocks SIGTERM and SIGINT, in this thread and in those that it starts, for sigwait; puts them
 * into signals. Ignores SIGPIPE. Call it before the first thread starts. */
void thread_block_signals(sigset_t *signals);

/* Initialises a condition variable whose timed waits use the monotonic clock. */
void thread_cond_init(pthread_cond_t *cond);

/* Waits, with the lock held, until the condition variable is signalled (or for no reason, as
 * pthread_cond_wait may). False once the monotonic clock (timestamp_monotonic_ns) has reached
 * until_ns; INT64_MAX waits without a limit. */
bool thread_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ns);

#endif
