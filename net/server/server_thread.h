/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that runs some of an HTTP server's connections.
 *
 * We wait for libmicrohttpd's events ourselves: its own threads (0.9.75) call epoll_wait once more,
 * and sleep, whenever a full array of exactly 128 events was ready. Called from outside it never
 * sleeps. Private to the server. */
#ifndef NET_SERVER_SERVER_THREAD_H
#define NET_SERVER_SERVER_THREAD_H

#include "base/err.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

struct server_thread {
    void *server;                  /* whose connections these are */
    struct MHD_Daemon *daemon;     /* created with MHD_USE_EPOLL and no threads */
    int listener;                  /* borrowed */
    atomic_uint_fast64_t accepted; /* connections so far; counted by the owner of the daemon */
    pthread_t id;
    int events; /* an epoll: what the thread waits for */
    int wakeup; /* an eventfd: written to when the thread has something to do besides events */
    bool started;
    int *ended; /* sockets whose peers have ended, though not all that they sent is read */
    size_t ended_count;
    atomic_bool ending;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool stop_accepting; /* requested */
    bool quiesced;       /* done */
};

/* Starts the thread; the owner has set all members above id, and initialised lock and changed.
 * False and err (ERR_UNAVAILABLE). */
bool server_thread_start(struct server_thread *thread, struct err *err);

/* Lets the connection of a socket end when its peer does, even if it is not waiting just then. */
void server_thread_watch(struct server_thread *thread, int socket);

/* Wakes the thread after MHD_resume_connection: libmicrohttpd does so only for its own threads. */
void server_thread_wake(struct server_thread *thread);

/* Makes the thread accept the connections that wait at the listening socket, as far as the limit of
 * connections allows, and none after them. Returns when it has done so. */
void server_thread_stop_accepting(struct server_thread *thread);

/* Ends the thread and the daemon, with its connections. The listening socket stays open. */
void server_thread_stop(struct server_thread *thread);

#endif
