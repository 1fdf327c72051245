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

struct workers {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    struct job *queue;
    unsigned queued, threads, idle, most;
    bool closing;
};

struct workers *workers_open(unsigned most)
{
    struct workers *workers = must_alloc(sizeof(*workers));
    workers->most = most;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->changed, NULL);
    return workers;
}

/* Waits for a job; NULL when there is none for a while, or the end has come. Holds the lock. */
static struct job *next_job(struct workers *workers)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += IDLE_SEC;

    workers->idle++;
    int late = 0;
    while (!workers->queue && !workers->closing && !late)
        late = pthread_cond_timedwait(&workers->changed, &workers->lock, &until);
    workers->idle--;

    struct job *job = workers->queue;
    if (job) {
        DL_DELETE(workers->queue, job);
        workers->queued--;
    }
    return job;
}

static void *work(void *context)
{
    struct workers *workers = context;
    pthread_mutex_lock(&workers->lock);
    struct job *job;
    while ((job = next_job(workers))) {
        pthread_mutex_unlock(&workers->lock);
        job->run(job->context);
        free(job);
        pthread_mutex_lock(&workers->lock);
    }
    workers->threads--;
    pthread_cond_broadcast(&workers->changed);
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

static bool start_thread(struct workers *workers)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);

    sigset_t all, before; /* signals are the main thread's business */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    bool started = pthread_create(&thread, &attr, work, workers) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    pthread_attr_destroy(&attr);
    workers->threads += started;
    return started;
}

bool workers_run(struct workers *workers, void (*run)(void *context), void *context)
{
    pthread_mutex_lock(&workers->lock);
    bool more = workers->queued >= workers->idle && workers->threads < workers->most;
    bool started = more && start_thread(workers);
    bool accepted =
        started || (workers->threads && workers->queued < workers->idle + workers->most);
    if (accepted) {
        struct job *job = must_alloc(sizeof(*job));
        *job = (struct job){.run = run, .context = context};
        DL_APPEND(workers->queue, job);
        workers->queued++;
        pthread_cond_signal(&workers->changed);
    }
    pthread_mutex_unlock(&workers->lock);
    return accepted;
}

void workers_close(struct workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->closing = true;
    pthread_cond_broadcast(&workers->changed);
    while (workers->threads)
        pthread_cond_wait(&workers->changed, &workers->lock);
    pthread_mutex_unlock(&workers->lock);
    pthread_cond_destroy(&workers->changed);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}
