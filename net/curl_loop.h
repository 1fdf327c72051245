/* Lets one libcurl multi handle work: waits by epoll for its sockets and its timer.
 *
 * Sockets stay registered between transfers, so that a request on a kept connection costs no
 * epoll_ctl at all. Belongs to one thread, save for curl_loop_wake. */
#ifndef NET_CURL_LOOP_H
#define NET_CURL_LOOP_H

#include "net/libcurl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a socket is watched for: bits of enum watch_bits. */
struct watch {
    unsigned char wanted;     /* by libcurl */
    unsigned char registered; /* with epoll; may be more than is wanted */
    bool connection;          /* we hear when libcurl closes it */
};

struct curl_loop {
    const struct libcurl *curl;
    CURLM *multi;
    int epoll;
    int wake;            /* an eventfd */
    int64_t deadline_ns; /* monotonic, when libcurl wants to be called; INT64_MAX = not at all */
    struct watch *list;  /* by file descriptor */
    size_t size;
};

bool curl_loop_init(struct curl_loop *loop, const struct libcurl *curl, struct err *err);
void curl_loop_done(struct curl_loop *loop);

/* Closes all connections; only curl_loop_done is left to call. */
void curl_loop_hang_up(struct curl_loop *loop);

/* Makes the sockets of an easy handle known to the loop; needed for each handle. */
void curl_loop_adopt(struct curl_loop *loop, CURL *easy);

/* Ends a wait, or the next one when none is under way. From any thread. */
void curl_loop_wake(struct curl_loop *loop);

/* Waits until there is something to do (or not at all) and lets libcurl do it. */
void curl_loop_turn(struct curl_loop *loop, bool may_wait);

#endif
