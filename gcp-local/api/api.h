/* SPDX-License-Identifier: Apache-2.0 */
/* What all of gcp-local's APIs share: Google's error bodies, request bodies, paths. */
#ifndef GCP_LOCAL_API_API_H
#define GCP_LOCAL_API_API_H

#include "base/json/jread.h"
#include "net/server/http_server.h"

/* Google's two forms of errors. */
enum api_style {
    API_ONE_PLATFORM, /* {"error":{"code","message","status"}}: Pub/Sub, Vision, Translate v3, IAM
                       */
    API_JSON,         /* {"error":{"code","message","errors":[…]}}: Storage, Translate v2 */
};

/* Replies with err in Google's form. err->reason is the status ("FAILED_PRECONDITION") or the
 * reason
 * ("conditionNotMet"); NULL = the one that belongs to the HTTP status. */
void api_reply_err(struct http_exchange *exchange, enum api_style style, const struct err *err);

/* The same with status, reason and text of the error. */
void api_reject(struct http_exchange *exchange, enum api_style style, int status,
                const char *reason, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The body as a JSON object; {} for an empty body. New reference; NULL and ERR_INPUT otherwise. */
json_t *api_body(const struct http_exchange *exchange, struct err *err);

/* The path after a prefix, split at '/', each segment percent-decoded: "/v1/projects/p/topics/t"
 * with prefix "/v1/" gives projects, p, topics, t. All owned; all zero is empty. */
struct api_path {
    char *segment[12];
    size_t count;
    char *verb; /* "publish" when the path ends in ":publish", else NULL */
};

/* False when the path does not start with prefix, has too many segments, or is not UTF-8. */
bool api_path_parse(const char *path, const char *prefix, struct api_path *out);
void api_path_done(struct api_path *path);

static inline void own_api_path(struct api_path *local)
{
    api_path_done(local);
}

/* The same for paths without a verb, in which ':' is part of a segment. */
bool api_path_parse_plain(const char *path, const char *prefix, struct api_path *out);

#endif
