/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that run jobs which may block; started on demand, gone when idle. */
#ifndef NET_SERVER_WORKER_POOL_H
#define NET_SERVER_WORKER_POOL_H

#include <stdbool.h>

struct worker_pool;

/* At most `most` threads; as many jobs again may wait for one. */
struct worker_pool *worker_pool_open(unsigned most);

/* Runs job(context) on a thread. False when all are busy and the queue is full, or no thread could
 * be started for the first job. */
bool worker_pool_run(struct worker_pool *pool, void (*job)(void *context), void *context);

/* Runs what is queued, joins all threads, frees. NULL is fine. */
void worker_pool_close(struct worker_pool *pool);

#endif
