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
    /* As in struct image_source. Called from several worker threads at once. */
    bool (*read_object)(const char *bucket, const char *object, size_t max, struct buf *out,
                        void *context, struct err *err);
    void *context;
};

/* The weights are read at the first request. NULL and err when resources are exhausted. */
struct vision_api *vision_open(const struct vision_options *options, struct err *err);
void vision_close(struct vision_api *vision);

/* True if the path belongs to the Vision API. */
bool vision_owns(const char *path);

/* Handles a request on a worker thread; `vision` is a struct vision_api. */
void vision_handle(struct http_exchange *exchange, void *vision);

#endif
