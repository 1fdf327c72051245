/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that runs some of an HTTP server's connections. */
#include "net/server/server_thread.h"

#include "base/alloc.h"
#include "base/own.h"
#include "base/thread.h"

#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

/* Milliseconds until libmicrohttpd must run without an event; -1 = never. */
static int timeout_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG left;
    if (MHD_get_timeout(daemon, &left) != MHD_YES)
        return -1;
    return left > INT_MAX ? INT_MAX : (int)left;
}

/* Accepts what waits at the listening socket; stops when a run accepts nothing, since the daemon
 * has all the connections that it may have. */
static void accept_waiting(struct server_thread *thread)
{
    struct pollfd waiting = {.fd = thread->listener, .events = POLLIN};
    uint64_t before;
    do {
        before = atomic_load(&thread->accepted);
        MHD_run(thread->daemon);
    } while (poll(&waiting, 1, 0) > 0 && atomic_load(&thread->accepted) != before);
}

static void handle_wakeup(struct server_thread *thread)
{
    eventfd_t count;
    eventfd_read(thread->wakeup, &count);
    pthread_mutex_lock(&thread->lock);
    bool quiesce = thread->stop_accepting && !thread->quiesced;
    pthread_mutex_unlock(&thread->lock);
    if (!quiesce)
        return;
    accept_waiting(thread);
    MHD_quiesce_daemon(thread->daemon);
    pthread_mutex_lock(&thread->lock);
    thread->quiesced = true;
    pthread_cond_signal(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
}

/* libmicrohttpd uses edge-triggered epoll and misses an end of input that arrives together with a
 * request. Once the input is read, shutting down our reading side reports the end again. False when
 * there is input left. If the descriptor is another socket by now, its peer has ended as well, or
 * it has input. */
static bool report_end(int socket)
{
    char byte;
    ssize_t got = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0)
        shutdown(socket, SHUT_RD);
    return got <= 0;
}

static void add_ended(struct server_thread *thread, int socket)
{
    thread->ended = alloc_resize(thread->ended, (thread->ended_count + 1) * sizeof(*thread->ended));
    thread->ended[thread->ended_count++] = socket;
}

static void report_ends(struct server_thread *thread)
{
    size_t left = 0;
    for (size_t i = 0; i < thread->ended_count; i++)
        if (!report_end(thread->ended[i]))
            thread->ended[left++] = thread->ended[i];
    thread->ended_count = left;
}

static void *run(void *context)
{
    struct server_thread *thread = context;
    struct epoll_event events[64];
    while (!atomic_load(&thread->ending)) {
        int count =
            epoll_wait(thread->events, events, ARRAY_SIZE(events), timeout_ms(thread->daemon));
        for (int i = 0; i < count; i++)
            if (events[i].data.fd == thread->wakeup)
                handle_wakeup(thread);
            else if (events[i].events & EPOLLRDHUP)
                add_ended(thread, events[i].data.fd);
        MHD_run(thread->daemon);
        report_ends(thread);
    }
    return NULL;
}

static bool watch(struct server_thread *thread, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(thread->events, EPOLL_CTL_ADD, fd, &event) == 0;
}

void server_thread_watch(struct server_thread *thread, int socket)
{
    watch(thread, socket, EPOLLRDHUP | EPOLLONESHOT);
}

bool server_thread_start(struct server_thread *thread, struct err *err)
{
    int daemon = MHD_get_daemon_info(thread->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    thread->events = epoll_create1(EPOLL_CLOEXEC);
    thread->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (thread->events < 0 || thread->wakeup < 0 || !watch(thread, daemon, EPOLLIN) ||
        !watch(thread, thread->wakeup, EPOLLIN))
        return err_set_errno(err, ERR_UNAVAILABLE, "cannot watch connections");
    thread->started = thread_start(&thread->id, "http-server", run, thread, err);
    return thread->started;
}

void server_thread_wake(struct server_thread *thread)
{
    eventfd_write(thread->wakeup, 1);
}

void server_thread_stop_accepting(struct server_thread *thread)
{
    pthread_mutex_lock(&thread->lock);
    thread->stop_accepting = true;
    server_thread_wake(thread);
    while (!thread->quiesced)
        pthread_cond_wait(&thread->changed, &thread->lock);
    pthread_mutex_unlock(&thread->lock);
}

void server_thread_stop(struct server_thread *thread)
{
    if (thread->started) {
        atomic_store(&thread->ending, true);
        server_thread_wake(thread);
        pthread_join(thread->id, NULL);
    }
    if (thread->daemon) {
        if (!thread->quiesced)
            MHD_quiesce_daemon(thread->daemon);
        MHD_stop_daemon(thread->daemon);
    }
    own_fd(&thread->wakeup);
    own_fd(&thread->events);
    pthread_cond_destroy(&thread->changed);
    pthread_mutex_destroy(&thread->lock);
    free(thread->ended);
}
