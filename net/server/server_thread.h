/* A thread that runs some of an HTTP server's connections.
 *
 * We wait for libmicrohttpd's events ourselves: its own threads (0.9.75) call epoll_wait once more,
 * and sleep, whenever a full array of exactly 128 events was ready. Asked from outside it never
 * sleeps. */
#ifndef NET_SERVER_SERVER_THREAD_H
#define NET_SERVER_SERVER_THREAD_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct lane {
    void *server;              /* whose connections these are */
    struct MHD_Daemon *daemon; /* made with MHD_USE_EPOLL and no threads */
    pthread_t thread;
    int events; /* an epoll: what the thread waits for */
    int bell;   /* an eventfd: rung when the thread has something to do besides events */
    bool started;
    int *ended; /* sockets whose peers have ended, though not all that they sent is read */
    size_t ended_count;
    atomic_bool deaf;  /* asked to accept no more */
    atomic_bool quiet; /* and does so */
    atomic_bool ending;
};

/* Starts the thread; false, with errno, when there is none to be had. */
bool lane_start(struct lane *lane);

/* Lets the connection of a socket end when its peer does, even if it is not waiting just then. */
void lane_watch(struct lane *lane, int socket);

/* Wakes the thread after MHD_resume_connection: libmicrohttpd does so only for its own threads. */
void lane_ring(struct lane *lane);

/* Lets the thread accept no more connections. Waits until that is so. */
void lane_stop_accepting(struct lane *lane);

/* Ends the thread and the daemon, with its connections. The listening socket stays open. */
void lane_stop(struct lane *lane);

#endif
