/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that run jobs which may block; started on demand, gone when idle. */
#include "net/server/worker_pool.h"

#include "base/str.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
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
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    struct job *queue;
    unsigned queued, threads, idle, most;
    bool closing;
};

struct worker_pool *worker_pool_open(unsigned most)
{
    struct worker_pool *pool = alloc_zeroed(sizeof(*pool));
    pool->most = most;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    return pool;
}

/* Waits for a job; NULL when there is none for a while, or the end has come. Holds the lock. */
static struct job *next_job(struct worker_pool *pool)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += IDLE_SEC;

    pool->idle++;
    int late = 0;
    while (!pool->queue && !pool->closing && !late)
        late = pthread_cond_timedwait(&pool->changed, &pool->lock, &until);
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
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);

    sigset_t all, before; /* signals are the main thread's business */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    bool started = pthread_create(&thread, &attr, work, pool) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    pthread_attr_destroy(&attr);
    pool->threads += started;
    return started;
}

bool worker_pool_run(struct worker_pool *pool, void (*run)(void *context), void *context)
{
    pthread_mutex_lock(&pool->lock);
    bool more = pool->queued >= pool->idle && pool->threads < pool->most;
    bool started = more && start_thread(pool);
    bool accepted = started || (pool->threads && pool->queued < pool->idle + pool->most);
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
