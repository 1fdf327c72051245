/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the HTTP client share. Private to them. */
#ifndef NET_CLIENT_HTTP_CLIENT_PRIVATE_H
#define NET_CLIENT_HTTP_CLIENT_PRIVATE_H

#include "net/client/curl_loop.h"
#include "net/client/loopback_client.h"
#include "net/client/transfer.h"

#include <pthread.h>
#include <stdatomic.h>

struct http_client {
    struct transfer_settings settings;
    bool always_libcurl;
    int epoll;
    int wake; /* an eventfd */
    pthread_t thread;
    bool started;

    struct curl_loop loop;    /* of the thread, as are the next two; opened when it is needed */
    struct transfer *running; /* by libcurl */
    struct loopback_client loopback;
    atomic_uint_fast64_t connections;

    pthread_mutex_t lock; /* guards what follows */
    struct transfer *queued;
    struct transfer *idle; /* for the next calls */
    unsigned idle_count;
    bool asleep; /* the thread waits, or is about to, and must be woken */
    bool closing;
};

/* The thread that carries transfers out; context is the client. */
void *http_client_thread_run(void *context);

#endif
