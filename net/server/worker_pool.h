/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that run jobs which may block; started on demand, ended when idle. */
#ifndef NET_SERVER_WORKER_POOL_H
#define NET_SERVER_WORKER_POOL_H

#include <stdbool.h>

struct worker_pool;

/* As many jobs as there may be threads can wait for one. */
struct worker_pool *worker_pool_open(unsigned max_threads);

/* Queues run(context) for a thread. False when all are busy and the queue is full, or there is no
 * thread and none can be started. */
bool worker_pool_run(struct worker_pool *pool, void (*run)(void *context), void *context);

/* Runs what is queued, waits until all threads have ended, frees. NULL is fine. */
void worker_pool_close(struct worker_pool *pool);

#endif
