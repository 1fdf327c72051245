/* SPDX-License-Identifier: Apache-2.0 */
/* images:annotate: a JSON request to a JSON response. */
#ifndef GCP_LOCAL_VISION_ANNOTATE_H
#define GCP_LOCAL_VISION_ANNOTATE_H

#include "base/json/jread.h"
#include "gcp-local/vision/labels/labels.h"

enum { MAX_IMAGE_BYTES = 20 << 20 }; /* bytes of a file; Google's limit */

/* Reads the images that requests name. Its functions are called from several threads at once. */
struct image_source {
    /* Appends an object's bytes to out. Fails with ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_TOO_LARGE
     * (over max), or another status when it cannot be read now. NULL: no object exists. */
    bool (*read_object)(const char *bucket, const char *object, size_t max, struct buf *out,
                        void *context, struct err *err);
    void *context;
    /* The same for an http(s) URL; NULL: they are not fetched. */
    bool (*fetch)(const char *url, size_t max, struct buf *out, void *context, struct err *err);
    void *fetch_context;
};

/* Appends the bytes of a gs:// or http(s) URI to out. err has Google's text for this image. */
bool image_source_read(const struct image_source *source, const char *uri, struct buf *out,
                       struct err *err);

/* Labels the images of a request. An error of one image is part of that image's response; NULL and
 * err when the whole request is wrong. New reference. */
json_t *annotate(const struct network *network, const struct image_source *source,
                 const json_t *request, struct err *err);

#endif
