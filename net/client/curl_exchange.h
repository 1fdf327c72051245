/* SPDX-License-Identifier: Apache-2.0 */
/* A request and its response on a libcurl easy handle. Private to curl_backend.c. */
#ifndef NET_CLIENT_CURL_EXCHANGE_H
#define NET_CLIENT_CURL_EXCHANGE_H

#include "net/client/curl_loop.h"
#include "net/client/http_backend.h"

/* Used for one transfer after the other: creating a handle costs more than a request. */
struct curl_exchange {
    struct curl_exchange *prev, *next; /* in a list of the back end */
    struct curl_loop *loop;
    const struct http_backend_settings *settings;
    CURL *easy;
    struct curl_slist *lines; /* the request's fields: an array linked up, strings in `text` */
    struct buf text;

    struct transfer *transfer;
    size_t sent;        /* bytes of a body that must not be sent twice */
    size_t head_size;   /* bytes of header fields so far */
    bool head_ended;    /* with its blank line */
    bool stopped_early; /* by us, after the interim response that the caller wants */
    bool too_large;
    char detail[CURL_ERROR_SIZE];
};

/* loop and settings must outlive it. */
struct curl_exchange *curl_exchange_new(struct curl_loop *loop,
                                        const struct http_backend_settings *settings);
void curl_exchange_free(struct curl_exchange *exchange);

/* Prepares the handle for a transfer; it can then be added to the multi handle. */
void curl_exchange_begin(struct curl_exchange *exchange, struct transfer *transfer);

/* Stores the status in the transfer if it is final. Returns the last one that libcurl has seen; 0 =
 * none. */
long curl_exchange_take_status(struct curl_exchange *exchange);

/* Fills in the response, or the failure, after libcurl has ended the transfer. */
void curl_exchange_take_result(struct curl_exchange *exchange, CURLcode result);

#endif
