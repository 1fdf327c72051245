/* SPDX-License-Identifier: Apache-2.0 */
/* A request to the Kubernetes API, taken apart; and how it is answered. */
#ifndef KN_LOCAL_API_API_REQUEST_H
#define KN_LOCAL_API_API_REQUEST_H

#include "kn-local/kinds/kinds.h"
#include "kn-local/store/object_store.h"
#include "net/server/http_server.h"

#include <jansson.h>
#include <stdbool.h>

/* /api/v1/… and /apis/GROUP/VERSION/…, with what follows. All texts are owned. */
struct api_request_path {
    char *group, *version; /* "" and "v1" for the core */
    char *ns;              /* NULL: in all namespaces, or the kind is in none */
    char *plural;          /* NULL: the group's own page */
    char *name;            /* NULL: the collection */
    char *sub;             /* "log", "status"; NULL: the object itself */
};

/* False when the path is none of the two. */
bool api_request_path_parse(const char *path, struct api_request_path *out);
void api_request_path_done(struct api_request_path *path);

static inline void own_api_request_path(struct api_request_path *local)
{
    api_request_path_done(local);
}

/* An error as a Status; kind and name (may be NULL) say what it is about. */
json_t *api_status_from_err(const struct err *err, const struct kind *kind, const char *name);
void api_reply_status(struct http_exchange *exchange, const struct err *err,
                      const struct kind *kind, const char *name);

/* Answers what is wrong with an object: 400 for an unknown field, else 422. */
void api_reply_validation_error(struct http_exchange *exchange,
                                const struct validation_error *problem, const struct kind *kind,
                                const char *name);

/* A stored object in the words of a kind of its family. A new reference. */
json_t *api_object_as(const json_t *object, const struct kind *kind);

/* A query parameter; true for "true" and "1". */
bool api_query_equals(const struct http_exchange *exchange, const char *name, const char *value);
bool api_query_is_true(const struct http_exchange *exchange, const char *name);

#endif
