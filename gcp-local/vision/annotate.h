/* SPDX-License-Identifier: Apache-2.0 */
/* images:annotate: from a request to a response, both as JSON. */
#ifndef GCP_LOCAL_VISION_ANNOTATE_H
#define GCP_LOCAL_VISION_ANNOTATE_H

#include "base/json/jread.h"
#include "gcp-local/vision/labels/labels.h"

enum { MAX_IMAGE_BYTES = 20 << 20 }; /* bytes of a file; Google's limit */

/* Where images come from. All functions may be called from several threads. */
struct image_source {
    /* Appends an object's bytes to out. Fails with ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_TOO_LARGE
     * (over max), or another status when it cannot be read now. NULL: there are no objects. */
    bool (*read_object)(const char *bucket, const char *object, size_t max, struct buf *out,
                        void *context, struct err *err);
    void *context;
    /* The same for an http(s) URL; NULL: they are not fetched. */
    bool (*fetch)(const char *url, size_t max, struct buf *out, void *context, struct err *err);
    void *fetch_context;
};

/* Appends the bytes that a gs:// or http(s) URI names. An error of this image alone: its text is in
 * Google's words. */
bool image_source_read(const struct image_source *source, const char *uri, struct buf *out,
                       struct err *err);

/* Answers a request. What is wrong with one image stands in that image's answer; NULL and err when
 * something is wrong with the whole request. New reference. */
json_t *annotate(const struct network *network, const struct image_source *source,
                 const json_t *request, struct err *err);

#endif
