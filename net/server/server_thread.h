/* SPDX-License-Identifier: Apache-2.0 */
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

struct server_thread {
    void *server;              /* whose connections these are */
    struct MHD_Daemon *daemon; /* made with MHD_USE_EPOLL and no threads */
    pthread_t id;
    int events; /* an epoll: what the thread waits for */
    int wakeup; /* an eventfd: written to when the thread has something to do besides events */
    bool started;
    int *ended; /* sockets whose peers have ended, though not all that they sent is read */
    size_t ended_count;
    atomic_bool stop_accepting; /* asked to accept no more */
    atomic_bool quiesced;       /* and does so */
    atomic_bool ending;
};

/* Starts the thread; false, with errno, when there is none to be had. */
bool server_thread_start(struct server_thread *thread);

/* Lets the connection of a socket end when its peer does, even if it is not waiting just then. */
void server_thread_watch(struct server_thread *thread, int socket);

/* Wakes the thread after MHD_resume_connection: libmicrohttpd does so only for its own threads. */
void server_thread_wake(struct server_thread *thread);

/* Lets the thread accept no more connections. Waits until that is so. */
void server_thread_stop_accepting(struct server_thread *thread);

/* Ends the thread and the daemon, with its connections. The listening socket stays open. */
void server_thread_stop(struct server_thread *thread);

#endif
