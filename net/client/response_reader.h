/* SPDX-License-Identifier: Apache-2.0 */
/* Reads an HTTP/1.1 answer as its bytes come (RFC 9112). Pure: no socket, no clock. */
#ifndef NET_CLIENT_RESPONSE_READER_H
#define NET_CLIENT_RESPONSE_READER_H

#include "net/client/http_client.h"

#include <stdint.h>

enum response_state {
    RESPONSE_HEAD,
    RESPONSE_LENGTH,      /* `left` bytes of body to come */
    RESPONSE_CHUNK_SIZE,  /* a line with the size of the next chunk */
    RESPONSE_CHUNK,       /* `left` bytes of it to come */
    RESPONSE_CHUNK_END,   /* the line break behind it */
    RESPONSE_TRAILER,     /* lines up to a blank one */
    RESPONSE_UNTIL_CLOSE, /* body until the server closes */
    RESPONSE_DONE,
};

/* All zero, save for is_head, stop_at_status and answer.body.max, is ready for an answer. */
struct response_reader {
    enum response_state state;
    bool is_head;       /* the request was HEAD: there is no body */
    int stop_at_status; /* an interim status that ends the answer; 0 = none does */
    bool keep;          /* the connection can be used again */
    uint64_t left;
    struct buf part; /* of a head or line whose rest has not come */
};

/* Reads from the front of input, at most to the end of the answer (RESPONSE_DONE), and takes what
 * it read off. False and err: ERR_UPSTREAM (not HTTP), ERR_TOO_LARGE (body over answer->body.max).
 */
bool response_reader_read(struct response_reader *reader, struct bytes *input,
                          struct http_response *answer, struct err *err);

/* The server has closed. True when that is how the answer ends; else err is ERR_UNAVAILABLE. */
bool response_reader_eof(struct response_reader *reader, struct err *err);

/* Ready for the next answer. */
void response_reader_reset(struct response_reader *reader);
void response_reader_done(struct response_reader *reader);

#endif
