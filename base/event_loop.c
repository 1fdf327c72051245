/* SPDX-License-Identifier: Apache-2.0 */
/* A thread with a heap of timers and an epoll set. */
#include "base/event_loop.h"

#include "base/alloc.h"
#include "base/own.h"
#include "base/thread.h"
#include "base/timestamp.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

struct event_loop {
    int epoll, wake;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    struct heap timers;
    int64_t sleeps_until_ns; /* 0 = the thread is awake */
    bool closing;
};

static void fire_due(struct event_loop *loop)
{
    int64_t now = timestamp_monotonic_ns();
    pthread_mutex_lock(&loop->lock);
    struct heap_node *first;
    while ((first = heap_first(&loop->timers)) && first->key <= now) {
        heap_remove(&loop->timers, first);
        struct timer *timer = heap_container_of(first, struct timer, node);
        void (*fire)(struct timer *) = timer->fire;
        pthread_mutex_unlock(&loop->lock);
        fire(timer);
        pthread_mutex_lock(&loop->lock);
    }
    pthread_mutex_unlock(&loop->lock);
}

/* How long to sleep, in milliseconds for epoll; rounded up, so that nothing fires early. */
static int sleep_ms(struct event_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    const struct heap_node *first = heap_first(&loop->timers);
    int64_t until = first ? first->key : INT64_MAX;
    int64_t now = timestamp_monotonic_ns();
    bool awake = until <= now || loop->closing;
    loop->sleeps_until_ns = awake ? 0 : until;
    pthread_mutex_unlock(&loop->lock);
    if (awake)
        return 0;
    int64_t wait = until == INT64_MAX ? INT32_MAX : (until - now + NS_PER_MS - 1) / NS_PER_MS;
    return wait > 60000 ? 60000 : (int)wait;
}

static bool closing(struct event_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->sleeps_until_ns = 0;
    bool end = loop->closing;
    pthread_mutex_unlock(&loop->lock);
    return end;
}

static void drain_wake(struct event_loop *loop)
{
    uint64_t count;
    while (read(loop->wake, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
}

static void *run(void *context)
{
    struct event_loop *loop = context;
    while (!closing(loop)) {
        struct epoll_event ready; /* one at a time: handlers may unwatch others */
        int count = epoll_wait(loop->epoll, &ready, 1, sleep_ms(loop));
        struct fd_watch *watch = count == 1 ? ready.data.ptr : NULL;
        if (watch)
            watch->ready(watch);
        else if (count == 1)
            drain_wake(loop);
        fire_due(loop);
    }
    fire_due(loop);
    return NULL;
}

static void wake(struct event_loop *loop)
{
    uint64_t one = 1;
    while (write(loop->wake, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

static void loop_free(struct event_loop *loop)
{
    own_fd(&loop->epoll);
    own_fd(&loop->wake);
    pthread_mutex_destroy(&loop->lock);
    heap_done(&loop->timers);
    free(loop);
}

struct event_loop *event_loop_open(struct err *err)
{
    struct event_loop *loop = alloc_zeroed(sizeof(*loop));
    pthread_mutex_init(&loop->lock, NULL);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event readable = {.events = EPOLLIN};
    bool ok = loop->epoll >= 0 && loop->wake >= 0 &&
              epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &readable) == 0;
    if (!ok)
        err_set_errno(err, ERR_UNAVAILABLE, "cannot watch timers and files");
    if (ok && thread_start(&loop->thread, "event-loop", run, loop, err))
        return loop;
    loop_free(loop);
    return NULL;
}

void event_loop_close(struct event_loop *loop)
{
    if (!loop)
        return;
    pthread_mutex_lock(&loop->lock);
    loop->closing = true;
    pthread_mutex_unlock(&loop->lock);
    wake(loop);
    pthread_join(loop->thread, NULL);
    loop_free(loop);
}

void event_loop_set_timer(struct event_loop *loop, struct timer *timer, int64_t at_ns,
                          void (*fire)(struct timer *timer))
{
    pthread_mutex_lock(&loop->lock);
    timer->fire = fire;
    heap_set(&loop->timers, &timer->node, at_ns);
    bool early = at_ns < loop->sleeps_until_ns;
    if (early)
        loop->sleeps_until_ns = at_ns;
    pthread_mutex_unlock(&loop->lock);
    if (early)
        wake(loop);
}

bool event_loop_cancel_timer(struct event_loop *loop, struct timer *timer)
{
    pthread_mutex_lock(&loop->lock);
    bool set = heap_contains(&timer->node);
    heap_remove(&loop->timers, &timer->node);
    pthread_mutex_unlock(&loop->lock);
    return set;
}

struct flush {
    struct timer timer; /* first */
    sem_t done;
};

static void flushed(struct timer *timer)
{
    sem_post(&((struct flush *)timer)->done);
}

void event_loop_flush(struct event_loop *loop)
{
    struct flush flush = {0};
    sem_init(&flush.done, 0, 0);
    event_loop_set_timer(loop, &flush.timer, timestamp_monotonic_ns(), flushed);
    while (sem_wait(&flush.done) < 0)
        ; /* only a signal ends it early */
    sem_destroy(&flush.done);
}

void event_loop_watch_fd(struct event_loop *loop, struct fd_watch *watch, int fd,
                         void (*ready)(struct fd_watch *watch))
{
    watch->fd = fd;
    watch->ready = ready;
    struct epoll_event readable = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = watch};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &readable) < 0)
        abort(); /* the descriptor is ours and open; the kernel has no memory left */
}

void event_loop_unwatch_fd(struct event_loop *loop, struct fd_watch *watch)
{
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
}

bool event_loop_is_current(const struct event_loop *loop)
{
    return pthread_equal(pthread_self(), loop->thread);
}
