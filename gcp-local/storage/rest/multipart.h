/* SPDX-License-Identifier: Apache-2.0 */
/* A multipart/related upload, read as it comes: a JSON part, then the content. Pieces may be cut
 * anywhere. Pure: the content goes to a function. */
#ifndef GCP_LOCAL_STORAGE_REST_MULTIPART_H
#define GCP_LOCAL_STORAGE_REST_MULTIPART_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef bool multipart_content(struct bytes piece, void *to, struct err *err);

struct multipart {
    /* What was read: complete once the content has begun. */
    struct buf json;
    char *content_type; /* of the content's part; NULL when it has none */

    multipart_content *content;
    void *to;

    int state, part;
    char *boundary;  /* "--BOUNDARY" */
    struct buf line; /* the line being read: a delimiter or a header field */
    size_t head;     /* bytes of header fields seen in this part */
    char *delimiter; /* line end and boundary: what ends a part */
    size_t
        *fallback;  /* for each length of a match of it, the next shorter one (Knuth, Morris, Pratt)
                     */
    size_t len;     /* of the delimiter */
    size_t matched; /* so many of its bytes were the last ones seen */
    bool dash;      /* behind the delimiter came a first '-' */
};

/* False when the Content-Type names no boundary, or an impossible one. */
bool multipart_open(struct multipart *multipart, const char *content_type,
                    multipart_content *content, void *to, struct err *err);

bool multipart_add(struct multipart *multipart, struct bytes piece, struct err *err);

/* Whether it was whole. */
bool multipart_end(const struct multipart *multipart, struct err *err);

void multipart_done(struct multipart *multipart);

#endif
