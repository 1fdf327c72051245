/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its answer on one libcurl easy handle. Transfers are used again and again: making
 * a handle costs more than a request. */
#ifndef NET_CLIENT_TRANSFER_H
#define NET_CLIENT_TRANSFER_H

#include "net/client/curl_loop.h"
#include "net/client/http_client.h"
#include "net/url.h"

/* What all transfers of a client have in common. Texts are owned. */
struct transfer_settings {
    struct curl_loop *loop;
    char *user_agent;
    char *ca_file; /* NULL = the system's certificates */
    long connect_timeout_ms;
    long max_idle_sec;
};

struct transfer {
    struct transfer *prev, *next; /* in the list that it is in (utlist.h) */
    const struct transfer_settings *settings;
    const struct libcurl *curl; /* NULL until it is needed, as is easy */
    CURL *easy;
    bool loopback; /* goes without libcurl: then these are in use */

    struct loopback_connection *connection; /* NULL: waits for one of its host */
    struct loopback_host *host;
    struct transfer *prev_waiting, *next_waiting;
    int64_t deadline_ns;

    struct http_call call;
    http_client_callback *ended;
    void *context;
    struct url url;           /* of the call, for messages and decisions */
    struct curl_slist *lines; /* the request's fields: an array linked up, texts in `text` */
    struct buf text;

    struct http_response answer;
    size_t head_size;   /* bytes of header fields so far */
    bool head_ended;    /* with its blank line */
    bool stopped_early; /* by us, behind an interim answer that is enough */
    bool too_large;
    struct err failure; /* status 0 while there is none */
    char detail[CURL_ERROR_SIZE];
};

/* settings must outlive it. */
struct transfer *transfer_new(const struct transfer_settings *settings);
void transfer_free(struct transfer *transfer);

/* Makes a new or ended transfer ready for a call. False when the call is bad; failure says why. */
bool transfer_begin(struct transfer *transfer, const struct http_call *call,
                    http_client_callback *ended, void *context);

/* Makes it ready to be added to a multi handle. False (failure) when there is no libcurl. */
bool transfer_configure(struct transfer *transfer);

/* Reads the result after libcurl has ended with it: fills answer or failure. */
void transfer_end(struct transfer *transfer, CURLcode result);

/* What a call says and what it leaves to us. */
bool transfer_has_body(const struct http_call *call);
long transfer_timeout_ms(const struct http_call *call); /* 0 = none */

/* Framing is ours: somebody else's length would let one request become two. */
bool transfer_is_framing(const char *name);

/* Puts "http://host:port: " before a failure; the rest of a URL may hold secrets. */
void transfer_name_server(struct transfer *transfer);

/* Ends a transfer before its time. */
void transfer_cancel(struct transfer *transfer, const char *reason);

/* Turns a failure after the head was read into an answer, when the call accepts that. */
void transfer_accept_incomplete(struct transfer *transfer, int status);

/* Tells whoever started it, and empties the transfer for the next call. */
void transfer_report(struct transfer *transfer);

#endif
