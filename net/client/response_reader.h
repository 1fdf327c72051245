/* SPDX-License-Identifier: Apache-2.0 */
/* Parses an HTTP/1.1 response as its bytes arrive (RFC 9112). No socket, no clock. */
#ifndef NET_CLIENT_RESPONSE_READER_H
#define NET_CLIENT_RESPONSE_READER_H

#include "base/err.h"
#include "net/client/http_response.h"

#include <stdint.h>

enum response_state {
    RESPONSE_HEAD,
    RESPONSE_LENGTH,      /* `left` bytes of body to come */
    RESPONSE_CHUNK_SIZE,  /* a line with the size of the next chunk */
    RESPONSE_CHUNK,       /* `left` bytes of it to come */
    RESPONSE_CHUNK_END,   /* the line break after it */
    RESPONSE_TRAILER,     /* lines up to a blank one */
    RESPONSE_UNTIL_CLOSE, /* body until the server closes */
    RESPONSE_DONE,
};

/* All zero is ready for a response; the caller sets is_head, stop_at_status and response.body.max.
 */
struct response_reader {
    enum response_state state;
    bool is_head;       /* the request was HEAD: there is no body */
    int stop_at_status; /* an interim status that ends the response; 0 = none */
    bool keep;          /* the connection can be used again */
    uint64_t left;
    struct buf part; /* of a head or line whose rest is missing */
};

/* Reads from the front of input, at most to the end of the response (RESPONSE_DONE), and removes
 * what it has read. False and err: ERR_UPSTREAM (not HTTP), ERR_TOO_LARGE (body over its max). */
bool response_reader_read(struct response_reader *reader, struct bytes *input,
                          struct http_response *response, struct err *err);

/* The server has closed. True when that ends the response; else err is ERR_UNAVAILABLE. */
bool response_reader_eof(struct response_reader *reader, struct err *err);

/* Makes it ready for the next response. */
void response_reader_reset(struct response_reader *reader);
void response_reader_done(struct response_reader *reader);

#endif
