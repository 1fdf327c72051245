/* SPDX-License-Identifier: Apache-2.0 */
/* The request of images:annotate. Unknown fields are rejected. */
#ifndef GCP_LOCAL_VISION_ANNOTATE_REQUEST_H
#define GCP_LOCAL_VISION_ANNOTATE_REQUEST_H

#include "base/json/jread.h"
#include "base/own.h"

enum {
    MAX_IMAGES = 16, /* in one request; Google's limit */
    DEFAULT_MAX_RESULTS = 10,
};

/* One image, and which annotations are requested. */
struct image_request {
    struct buf content;        /* the decoded bytes; empty when the image is named by uri */
    const char *uri;           /* borrowed from the request; NULL when there is none */
    size_t max_results;        /* 0 when no labels are requested */
    const char *other_feature; /* an unsupported one, "FACE_DETECTION"; static; NULL when none is
                                * requested */
};

struct annotate_request {
    struct image_request images[MAX_IMAGES];
    size_t count;
};

/* Reads a request, whose field names are in camelCase (see field_case_to_camel). `tree` must
 * outlive out. False and err (ERR_INPUT) when it is wrong. */
bool annotate_request_read(const json_t *tree, struct annotate_request *out, struct err *err);
void annotate_request_done(struct annotate_request *request);

static inline void own_annotate_request(struct annotate_request *local)
{
    annotate_request_done(local);
}

#endif
