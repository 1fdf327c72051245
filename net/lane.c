/* A thread that runs some of an HTTP server's connections. */
#include "net/lane.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
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

static void *run(void *context)
{
    struct lane *lane = context;
    int epoll = MHD_get_daemon_info(lane->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    struct pollfd both[] = {{.fd = epoll, .events = POLLIN}, {.fd = lane->bell, .events = POLLIN}};
    while (!atomic_load(&lane->ending)) {
        if (poll(both, 2, patience_ms(lane->daemon)) > 0 && both[1].revents)
            answer_bell(lane);
        MHD_run(lane->daemon);
    }
    return NULL;
}

bool lane_start(struct lane *lane)
{
    sigset_t all, before;
    lane->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (lane->bell < 0)
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
}
