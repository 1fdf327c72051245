/* Reads an HTTP/1.1 answer as its bytes come (RFC 9112). Pure: no socket, no clock. */
#ifndef NET_CLIENT_RESPONSE_READER_H
#define NET_CLIENT_RESPONSE_READER_H

#include "net/client/http_client.h"

#include <stdint.h>

enum answer_state {
    ANSWER_HEAD,
    ANSWER_LENGTH,     /* `left` bytes of body to come */
    ANSWER_CHUNK_SIZE, /* a line with the size of the next chunk */
    ANSWER_CHUNK,      /* `left` bytes of it to come */
    ANSWER_CHUNK_END,  /* the line break behind it */
    ANSWER_TRAILER,    /* lines up to a blank one */
    ANSWER_TO_END,     /* body until the server closes */
    ANSWER_DONE,
};

/* All zero, save for is_head, enough and answer.body.max, is ready for an answer. */
struct answer_reader {
    enum answer_state state;
    bool is_head; /* the request was HEAD: there is no body */
    int enough;   /* an interim status that ends the answer; 0 = none does */
    bool keep;    /* the connection can be used again */
    uint64_t left;
    struct buf part; /* of a head or line whose rest has not come */
};

/* Reads from the front of input, at most to the end of the answer (ANSWER_DONE), and takes what it
 * read off. False and err: ERR_UPSTREAM (not HTTP), ERR_TOO_LARGE (body over answer->body.max). */
bool answer_read(struct answer_reader *reader, struct bytes *input, struct http_answer *answer,
                 struct err *err);

/* The server has closed. True when that is how the answer ends; else err is ERR_UNAVAILABLE. */
bool answer_close(struct answer_reader *reader, struct err *err);

/* Ready for the next answer. */
void answer_reader_reset(struct answer_reader *reader);
void answer_reader_done(struct answer_reader *reader);

#endif
