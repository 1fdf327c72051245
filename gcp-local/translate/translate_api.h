/* SPDX-License-Identifier: Apache-2.0 */
/* Google's Translation APIs v2 and v3 on this machine: six languages, by Apertium. */
#ifndef GCP_LOCAL_TRANSLATE_TRANSLATE_API_H
#define GCP_LOCAL_TRANSLATE_TRANSLATE_API_H

#include "net/server/http_server.h"

struct translate_api;

struct translate_api *translate_open(void);
void translate_close(struct translate_api *translate);

/* True if the path belongs to a Translation API. */
bool translate_owns(const char *path);

/* Handles a request on a worker thread; `translate` is a struct translate_api. */
void translate_handle(struct http_exchange *exchange, void *translate);

#endif
