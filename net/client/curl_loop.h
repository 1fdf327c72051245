/* SPDX-License-Identifier: Apache-2.0 */
/* Drives a libcurl multi handle: its sockets by epoll, and its timer.
 *
 * Sockets stay registered between transfers, so that a request on a kept connection needs no
 * epoll_ctl. Used by one thread. */
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
    bool connection;          /* libcurl calls us when it closes it */
};

struct curl_loop {
    const struct libcurl *curl; /* NULL: all zero, not initialised */
    CURLM *multi;
    int epoll;
    int64_t deadline_ns;           /* monotonic, when libcurl must be called; INT64_MAX = never */
    struct curl_loop_socket *list; /* by file descriptor */
    size_t size;
};

bool curl_loop_init(struct curl_loop *loop, const struct libcurl *curl, struct err *err);

/* Closes all connections. */
void curl_loop_done(struct curl_loop *loop);

/* Reports the sockets of an easy handle to the loop; needed for each handle. */
void curl_loop_attach(struct curl_loop *loop, const struct libcurl *curl, CURL *easy);

/* Lets libcurl work: when `epoll` is readable, the deadline has passed, or a handle was added. */
void curl_loop_run(struct curl_loop *loop);

#endif
