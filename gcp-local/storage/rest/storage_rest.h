/* SPDX-License-Identifier: Apache-2.0 */
/* Cloud Storage's JSON API over HTTP, and objects at /BUCKET/OBJECT as in the XML API. */
#ifndef GCP_LOCAL_STORAGE_REST_STORAGE_REST_H
#define GCP_LOCAL_STORAGE_REST_STORAGE_REST_H

#include "net/server/http_server.h"

/* True if the path belongs to Cloud Storage. Ask all other APIs first: almost any path may be
 * /BUCKET/OBJECT. */
bool storage_rest_owns(const char *path);

/* The handlers of http_server.h for such paths; app is the struct storage. */
void storage_rest_begin(struct http_exchange *exchange, void *app);
void storage_rest_handle(struct http_exchange *exchange, void *app);
void storage_rest_refuse(struct http_exchange *exchange, const struct err *err, void *app);

#endif
