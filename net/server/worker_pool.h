/* Threads that run jobs which may block; started on demand, gone when idle. */
#ifndef NET_SERVER_WORKER_POOL_H
#define NET_SERVER_WORKER_POOL_H

#include <stdbool.h>

struct workers;

/* At most `most` threads; as many jobs again may wait for one. */
struct workers *workers_open(unsigned most);

/* Runs job(context) on a thread. False when all are busy and the queue is full, or no thread could
 * be started for the first job. */
bool workers_run(struct workers *workers, void (*job)(void *context), void *context);

/* Runs what is queued, joins all threads, frees. NULL is fine. */
void workers_close(struct workers *workers);

#endif
