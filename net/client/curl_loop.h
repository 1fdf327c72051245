/* SPDX-License-Identifier: Apache-2.0 */
/* Lets one libcurl multi handle work: watches its sockets by epoll, and its timer.
 *
 * Sockets stay registered between transfers, so that a request on a kept connection costs no
 * epoll_ctl at all. Belongs to one thread. */
#ifndef NET_CLIENT_CURL_LOOP_H
#define NET_CLIENT_CURL_LOOP_H

#include "net/client/libcurl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a socket is watched for: bits of enum watch_bits. */
struct curl_loop_socket {
    unsigned char wanted;     /* by libcurl */
    unsigned char registered; /* with epoll; may be more than is wanted */
    bool connection;          /* we hear when libcurl closes it */
};

struct curl_loop {
    const struct libcurl *curl; /* NULL: all zero, not initialised */
    CURLM *multi;
    int epoll;
    int64_t deadline_ns; /* monotonic, when libcurl wants to be called; INT64_MAX = not at all */
    struct curl_loop_socket *list; /* by file descriptor */
    size_t size;
};

bool curl_loop_init(struct curl_loop *loop, const struct libcurl *curl, struct err *err);

/* Closes all connections. */
void curl_loop_done(struct curl_loop *loop);

/* Makes the sockets of an easy handle known to the loop; needed for each handle. From any thread,
 * also before curl_loop_init. */
void curl_loop_attach(struct curl_loop *loop, const struct libcurl *curl, CURL *easy);

/* Lets libcurl do what there is to do. There is something when `epoll` is readable, the deadline
 * has come, or a handle was added. */
void curl_loop_run(struct curl_loop *loop);

#endif
