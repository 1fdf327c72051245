/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: started with all signals blocked, and waits on the monotonic clock. */
#include "base/thread.h"

#include "base/alloc.h"
#include "base/timestamp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

struct start {
    const char *name;
    void *(*run)(void *context);
    void *context;
};

static void *begin(void *context)
{
    struct start start = *(struct start *)context;
    free(context);
    prctl(PR_SET_NAME, start.name);
    return start.run(start.context);
}

static bool create(pthread_t *thread, const pthread_attr_t *attr, const struct start *start,
                   struct err *err)
{
    struct start *copy = alloc_zeroed(sizeof(*copy));
    *copy = *start;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(thread, attr, begin, copy);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failure)
        return true;
    free(copy);
    return err_set(err, ERR_UNAVAILABLE, "cannot start the thread %s: %s", start->name,
                   strerror(failure));
}

bool thread_start(pthread_t *thread, const char *name, void *(*run)(void *context), void *context,
                  struct err *err)
{
    return create(thread, NULL, &(struct start){name, run, context}, err);
}

bool thread_start_detached(size_t stack_bytes, const char *name, void *(*run)(void *context),
                           void *context, struct err *err)
{
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, stack_bytes);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    bool started = create(&thread, &attr, &(struct start){name, run, context}, err);
    pthread_attr_destroy(&attr);
    return started;
}

void thread_block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void thread_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

bool thread_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ns)
{
    if (until_ns == INT64_MAX) {
        pthread_cond_wait(cond, lock);
        return true;
    }
    struct timespec until = {.tv_sec = until_ns / NS_PER_SEC, .tv_nsec = until_ns % NS_PER_SEC};
    return pthread_cond_timedwait(cond, lock, &until) != ETIMEDOUT;
}
