/* SPDX-License-Identifier: Apache-2.0 */
/* Google's Vision API on this machine: labels of pictures. */
#ifndef GCP_LOCAL_VISION_VISION_API_H
#define GCP_LOCAL_VISION_VISION_API_H

#include "base/err.h"
#include "net/server/http_server.h"

struct vision_api;

struct vision_options {
    const char *model; /* file of the network's weights; NULL = see network_path */
    bool allow_fetch;  /* pictures may be fetched from http(s) URLs */
    /* Appends an object of gcp-local's storage to out; see image_source. Called on workers, several
     * at once. NULL: there are no objects. */
    bool (*read_object)(const char *bucket, const char *object, size_t max, struct buf *out,
                        void *context, struct err *err);
    void *context;
};

/* Cheap: the weights are read when the first picture comes. NULL and err when resources ran out. */
struct vision_api *vision_open(const struct vision_options *options, struct err *err);
void vision_close(struct vision_api *vision);

/* Whether a path is the Vision API's. */
bool vision_owns(const char *path);

/* Answers a request, on a worker; `vision` is a struct vision_api. */
void vision_handle(struct http_exchange *exchange, void *vision);

#endif
