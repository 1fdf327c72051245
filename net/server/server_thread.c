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

/* Does what the bell was rung for, besides running the connections. */
static void answer_bell(struct lane *lane)
{
    eventfd_t rung;
    eventfd_read(lane->bell, &rung);
    if (atomic_load(&lane->deaf) && !atomic_load(&lane->quiet)) {
        MHD_quiesce_daemon(lane->daemon);
        atomic_store(&lane->quiet, true);
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

static void note_end(struct lane *lane, int socket)
{
    lane->ended = must_realloc(lane->ended, (lane->ended_count + 1) * sizeof(*lane->ended));
    lane->ended[lane->ended_count++] = socket;
}

static void tell_of_ends(struct lane *lane)
{
    size_t untold = 0;
    for (size_t i = 0; i < lane->ended_count; i++)
        if (!tell_of_end(lane->ended[i]))
            lane->ended[untold++] = lane->ended[i];
    lane->ended_count = untold;
}

static void *run(void *context)
{
    struct lane *lane = context;
    struct epoll_event events[64];
    while (!atomic_load(&lane->ending)) {
        int count = epoll_wait(lane->events, events, COUNT(events), patience_ms(lane->daemon));
        for (int i = 0; i < count; i++)
            if (events[i].data.fd == lane->bell)
                answer_bell(lane);
            else if (events[i].events & EPOLLRDHUP)
                note_end(lane, events[i].data.fd);
        MHD_run(lane->daemon);
        tell_of_ends(lane);
    }
    return NULL;
}

static bool listen_to(struct lane *lane, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(lane->events, EPOLL_CTL_ADD, fd, &event) == 0;
}

void lane_watch(struct lane *lane, int socket)
{
    listen_to(lane, socket, EPOLLRDHUP | EPOLLONESHOT);
}

bool lane_start(struct lane *lane)
{
    sigset_t all, before;
    int daemon = MHD_get_daemon_info(lane->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    lane->events = epoll_create1(EPOLL_CLOEXEC);
    lane->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (lane->events < 0 || lane->bell < 0 || !listen_to(lane, daemon, EPOLLIN) ||
        !listen_to(lane, lane->bell, EPOLLIN))
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&lane->thread, NULL, run, lane);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    lane->started = failure == 0;
    errno = failure;
    return lane->started;
}

void lane_ring(struct lane *lane)
{
    eventfd_write(lane->bell, 1);
}

void lane_stop_accepting(struct lane *lane)
{
    static const struct timespec moment = {.tv_nsec = 100000};
    atomic_store(&lane->deaf, true);
    lane_ring(lane);
    while (!atomic_load(&lane->quiet))
        nanosleep(&moment, NULL);
}

void lane_stop(struct lane *lane)
{
    if (lane->started) {
        atomic_store(&lane->ending, true);
        lane_ring(lane);
        pthread_join(lane->thread, NULL);
    }
    if (lane->daemon) {
        if (!atomic_load(&lane->quiet))
            MHD_quiesce_daemon(lane->daemon);
        MHD_stop_daemon(lane->daemon);
    }
    if (lane->bell >= 0)
        close(lane->bell);
    if (lane->events >= 0)
        close(lane->events);
    free(lane->ended);
}
