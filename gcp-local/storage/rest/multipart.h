/* SPDX-License-Identifier: Apache-2.0 */
/* Parser of a multipart/related upload: a JSON part, then the content. The body may be divided into
 * pieces at any byte. */
#ifndef GCP_LOCAL_STORAGE_REST_MULTIPART_H
#define GCP_LOCAL_STORAGE_REST_MULTIPART_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Receives a piece of the content; false and err to stop. */
typedef bool multipart_content(struct bytes piece, void *context, struct err *err);

struct multipart {
    /* The first part, and the content's type (NULL when absent): complete once content is called.
     */
    struct buf json;
    char *content_type;

    multipart_content *content;
    void *context;

    int state, part;
    char *boundary;    /* "--BOUNDARY" */
    struct buf line;   /* the beginning of a delimiter line or header field */
    size_t header_len; /* of the part, so far */
    char *delimiter;   /* line end and boundary, which end a part */
    size_t *fallback;  /* the prefix function of delimiter (Knuth, Morris, Pratt) */
    size_t len;        /* of delimiter */
    size_t matched;    /* so many bytes of delimiter are matched */
    bool dash;         /* the delimiter is followed by '-' */
};

/* False and ERR_INPUT when the Content-Type has no boundary, or an invalid one. */
bool multipart_open(struct multipart *multipart, const char *content_type,
                    multipart_content *content, void *context, struct err *err);

bool multipart_add(struct multipart *multipart, struct bytes piece, struct err *err);

/* Call it after the last piece: false and ERR_INPUT when the body was truncated. */
bool multipart_end(const struct multipart *multipart, struct err *err);

void multipart_done(struct multipart *multipart);

#endif
