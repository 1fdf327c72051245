/* SPDX-License-Identifier: Apache-2.0 */
/* The path and query of a request to the Kubernetes API. */
#ifndef KN_LOCAL_API_API_REQUEST_PATH_H
#define KN_LOCAL_API_API_REQUEST_PATH_H

#include "net/server/http_server.h"

#include <stdbool.h>

/* /api/v1/… and /apis/GROUP/VERSION/…. All strings are owned. */
struct api_request_path {
    char *group, *version; /* "" and "v1" for the core */
    char *ns;              /* NULL: all namespaces, or a cluster-wide kind */
    char *plural;          /* NULL: the list of the group's resources */
    char *name;            /* NULL: the collection */
    char *sub;             /* "log", "status"; NULL: the object itself */
};

/* False when the path is neither of these. */
bool api_request_path_parse(const char *path, struct api_request_path *out);
void api_request_path_done(struct api_request_path *path);

static inline void own_api_request_path(struct api_request_path *local)
{
    api_request_path_done(local);
}

/* A query parameter; true for "true" and "1". */
bool api_query_equals(const struct http_exchange *exchange, const char *name, const char *value);
bool api_query_is_true(const struct http_exchange *exchange, const char *name);

#endif
