/* SPDX-License-Identifier: Apache-2.0 */
/* The request of images:annotate, read strictly. */
#ifndef GCP_LOCAL_VISION_ANNOTATE_REQUEST_H
#define GCP_LOCAL_VISION_ANNOTATE_REQUEST_H

#include "base/json/jread.h"
#include "base/own.h"

enum {
    MAX_IMAGES = 16, /* in one request; Google's limit */
    DEFAULT_MAX_RESULTS = 10,
};

/* One image and what is wanted of it. */
struct image_request {
    struct buf content;        /* the decoded bytes; empty when the image is named by uri */
    const char *uri;           /* borrowed from the request; NULL when there is none */
    size_t max_results;        /* labels wanted; 0 when no labels are wanted */
    const char *other_feature; /* what was asked for that is not built: "FACE_DETECTION"; static */
};

struct annotate_request {
    struct image_request images[MAX_IMAGES];
    size_t count;
};

/* Reads a request; err (ERR_INPUT) says what is wrong with it. `tree` must outlive out. Field names
 * may be in camelCase or snake_case, as proto3 JSON allows; see field_case_to_camel. */
bool annotate_request_read(const json_t *tree, struct annotate_request *out, struct err *err);
void annotate_request_done(struct annotate_request *request);

static inline void own_annotate_request(struct annotate_request *local)
{
    annotate_request_done(local);
}

#endif
