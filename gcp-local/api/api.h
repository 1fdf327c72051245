/* SPDX-License-Identifier: Apache-2.0 */
/* What all of gcp-local's APIs share: Google's error bodies, request bodies read strictly. */
#ifndef GCP_LOCAL_API_API_H
#define GCP_LOCAL_API_API_H

#include "base/json/jread.h"
#include "net/server/http_server.h"

/* Google's two shapes of an error. */
enum api_style {
    API_ONE_PLATFORM, /* {"error":{"code","message","status"}}: Pub/Sub, Vision, Translate v3, IAM
                       */
    API_JSON,         /* {"error":{"code","message","errors":[…]}}: Storage, Translate v2 */
};

/* Answers err in Google's form. err->reason names the status ("FAILED_PRECONDITION") or reason
 * ("conditionNotMet") where it is not the one that goes with the HTTP status. */
void api_reply_err(struct http_exchange *exchange, enum api_style style, const struct err *err);

/* Like api_reply_err, with the ERR_… status, reason and text in one call. */
void api_reject(struct http_exchange *exchange, enum api_style style, int status,
                const char *reason, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The body as JSON object; an empty body is {}. NULL and err (ERR_INPUT) otherwise. New reference.
 */
json_t *api_body(const struct http_exchange *exchange, struct err *err);

/* The path without its prefix, cut at '/', each segment percent-decoded: "/v1/projects/p/topics/t"
 * with prefix "/v1/" gives projects, p, topics, t. The `:verb` behind the last segment is cut off
 * into verb. All owned; all zero is empty. */
struct api_path {
    char *segment[12];
    size_t count;
    char *verb; /* NULL when there is none */
};

/* False when the path does not start with prefix, has too many segments or one that is no UTF-8. */
bool api_path_parse(const char *path, const char *prefix, struct api_path *out);
void api_path_done(struct api_path *path);

static inline void own_api_path(struct api_path *local)
{
    api_path_done(local);
}

/* The name behind ':' is part of the last segment of object names and the like; this parses without
 * cutting a verb off. */
bool api_path_parse_plain(const char *path, const char *prefix, struct api_path *out);

#endif
