/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that runs some of an HTTP server's connections. */
#include "net/server/server_thread.h"

#include "base/own.h"
#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Milliseconds until libmicrohttpd wants to run without an event; -1 = never. */
static int patience_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG left;
    if (MHD_get_timeout(daemon, &left) != MHD_YES)
        return -1;
    return left > INT_MAX ? INT_MAX : (int)left;
}

/* Does what the thread was woken for, besides running the connections. */
static void handle_wakeup(struct server_thread *thread)
{
    eventfd_t rung;
    eventfd_read(thread->wakeup, &rung);
    if (atomic_load(&thread->stop_accepting) && !atomic_load(&thread->quiesced)) {
        MHD_quiesce_daemon(thread->daemon);
        atomic_store(&thread->quiesced, true);
    }
}

/* A peer has ended its side. libmicrohttpd only hears of changes, and an end that came together
 * with a request is none any more when that was answered: so, once all was read, it becomes one
 * again. False when there is more to read before. Should the socket be another one by now, it is
 * one of which the same holds. */
static bool tell_of_end(int socket)
{
    char byte;
    ssize_t got = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0)
        shutdown(socket, SHUT_RD);
    return got <= 0;
}

static void note_end(struct server_thread *thread, int socket)
{
    thread->ended = alloc_resize(thread->ended, (thread->ended_count + 1) * sizeof(*thread->ended));
    thread->ended[thread->ended_count++] = socket;
}

static void tell_of_ends(struct server_thread *thread)
{
    size_t untold = 0;
    for (size_t i = 0; i < thread->ended_count; i++)
        if (!tell_of_end(thread->ended[i]))
            thread->ended[untold++] = thread->ended[i];
    thread->ended_count = untold;
}

static void *run(void *context)
{
    struct server_thread *thread = context;
    struct epoll_event events[64];
    while (!atomic_load(&thread->ending)) {
        int count =
            epoll_wait(thread->events, events, ARRAY_SIZE(events), patience_ms(thread->daemon));
        for (int i = 0; i < count; i++)
            if (events[i].data.fd == thread->wakeup)
                handle_wakeup(thread);
            else if (events[i].events & EPOLLRDHUP)
                note_end(thread, events[i].data.fd);
        MHD_run(thread->daemon);
        tell_of_ends(thread);
    }
    return NULL;
}

static bool listen_to(struct server_thread *thread, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(thread->events, EPOLL_CTL_ADD, fd, &event) == 0;
}

void server_thread_watch(struct server_thread *thread, int socket)
{
    listen_to(thread, socket, EPOLLRDHUP | EPOLLONESHOT);
}

bool server_thread_start(struct server_thread *thread)
{
    sigset_t all, before;
    int daemon = MHD_get_daemon_info(thread->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    thread->events = epoll_create1(EPOLL_CLOEXEC);
    thread->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (thread->events < 0 || thread->wakeup < 0 || !listen_to(thread, daemon, EPOLLIN) ||
        !listen_to(thread, thread->wakeup, EPOLLIN))
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&thread->id, NULL, run, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    thread->started = failure == 0;
    errno = failure;
    return thread->started;
}

void server_thread_wake(struct server_thread *thread)
{
    eventfd_write(thread->wakeup, 1);
}

void server_thread_stop_accepting(struct server_thread *thread)
{
    static const struct timespec moment = {.tv_nsec = 100000};
    atomic_store(&thread->stop_accepting, true);
    server_thread_wake(thread);
    while (!atomic_load(&thread->quiesced))
        nanosleep(&moment, NULL);
}

void server_thread_stop(struct server_thread *thread)
{
    if (thread->started) {
        atomic_store(&thread->ending, true);
        server_thread_wake(thread);
        pthread_join(thread->id, NULL);
    }
    if (thread->daemon) {
        if (!atomic_load(&thread->quiesced))
            MHD_quiesce_daemon(thread->daemon);
        MHD_stop_daemon(thread->daemon);
    }
    if (thread->wakeup >= 0)
        close(thread->wakeup);
    if (thread->events >= 0)
        close(thread->events);
    free(thread->ended);
}
