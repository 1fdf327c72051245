/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub v1 over REST. */
#ifndef GCP_LOCAL_PUBSUB_REST_PUBSUB_REST_H
#define GCP_LOCAL_PUBSUB_REST_PUBSUB_REST_H

#include "net/server/http_server.h"

/* Whether a path (as sent, without the query) belongs to this API. */
bool pubsub_rest_owns(const char *path);

/* Answers a request now or later. pubsub is a struct pubsub. */
void pubsub_rest_handle(struct http_exchange *exchange, void *pubsub);

#endif
