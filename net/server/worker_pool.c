/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that run jobs which may block; started on demand, ended when idle. */
#include "net/server/worker_pool.h"

#include "base/alloc.h"
#include "base/thread.h"
#include "base/timestamp.h"

#include <stdlib.h>
#include <utlist.h>

enum {
    STACK_BYTES = 512 * 1024,
    IDLE_SEC = 10,
};

struct job {
    void (*run)(void *context);
    void *context;
    struct job *prev, *next;
};

struct worker_pool {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct job *queue;
    unsigned queued, threads, idle, max_threads;
    bool closing;
};

struct worker_pool *worker_pool_open(unsigned max_threads)
{
    struct worker_pool *pool = alloc_zeroed(sizeof(*pool));
    pool->max_threads = max_threads;
    pthread_mutex_init(&pool->lock, NULL);
    thread_cond_init(&pool->changed);
    return pool;
}

/* Waits for a job; NULL when none came for IDLE_SEC, or the pool is closed. Called with the lock
 * held. */
static struct job *next_job(struct worker_pool *pool)
{
    int64_t until_ns = timestamp_monotonic_ns() + IDLE_SEC * (int64_t)NS_PER_SEC;
    pool->idle++;
    bool in_time = true;
    while (!pool->queue && !pool->closing && in_time)
        in_time = thread_cond_wait_until(&pool->changed, &pool->lock, until_ns);
    pool->idle--;

    struct job *job = pool->queue;
    if (job) {
        DL_DELETE(pool->queue, job);
        pool->queued--;
    }
    return job;
}

static void *work(void *context)
{
    struct worker_pool *pool = context;
    pthread_mutex_lock(&pool->lock);
    struct job *job;
    while ((job = next_job(pool))) {
        pthread_mutex_unlock(&pool->lock);
        job->run(job->context);
        free(job);
        pthread_mutex_lock(&pool->lock);
    }
    pool->threads--;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static bool start_thread(struct worker_pool *pool)
{
    struct err err = {0}; /* the job waits for another thread, or is refused */
    bool started = thread_start_detached(STACK_BYTES, "http-worker", work, pool, &err);
    pool->threads += started;
    return started;
}

bool worker_pool_run(struct worker_pool *pool, void (*run)(void *context), void *context)
{
    pthread_mutex_lock(&pool->lock);
    bool more = pool->queued >= pool->idle && pool->threads < pool->max_threads;
    bool started = more && start_thread(pool);
    bool accepted = started || (pool->threads && pool->queued < pool->idle + pool->max_threads);
    if (accepted) {
        struct job *job = alloc_zeroed(sizeof(*job));
        *job = (struct job){.run = run, .context = context};
        DL_APPEND(pool->queue, job);
        pool->queued++;
        pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    return accepted;
}

void worker_pool_close(struct worker_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->changed);
    while (pool->threads)
        pthread_cond_wait(&pool->changed, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
