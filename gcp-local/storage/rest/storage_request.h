/* SPDX-License-Identifier: Apache-2.0 */
/* A request for Cloud Storage: the resource that its path names, its parameters, its body. */
#ifndef GCP_LOCAL_STORAGE_REST_STORAGE_REQUEST_H
#define GCP_LOCAL_STORAGE_REST_STORAGE_REQUEST_H

#include "gcp-local/api/api.h"
#include "gcp-local/storage/storage_private.h"

/* What kind of URL it is; each has prefixes of its own. */
enum url_kind {
    URL_API,
    URL_UPLOAD,
    URL_DOWNLOAD,
    URL_XML, /* /BUCKET/OBJECT, as Go's library downloads */
    URL_UNKNOWN,
};

/* The kind of a path. resource receives the rest of the path, "b/BUCKET/o/OBJECT". */
enum url_kind storage_request_url_kind(const char *path, const char **resource);

/* True for a GET with alt=media: the content of an object is asked for. */
bool storage_request_is_media(const struct http_exchange *exchange);

struct storage_request {
    struct http_exchange *exchange;
    struct storage *storage;
    enum url_kind kind;
    struct api_path path; /* of the resource; empty when the path is malformed */
    const char *arg[4];   /* what the stars of the route's pattern matched; borrowed from path */
    char *base;           /* "http://HOST:PORT" of the links in replies */
};

void storage_request_open(struct storage_request *request, struct http_exchange *exchange,
                          struct storage *storage);
void storage_request_done(struct storage_request *request);

static inline void own_storage_request(struct storage_request *local)
{
    storage_request_done(local);
}

/* A query parameter, NULL when it is absent. The caller frees. */
char *storage_request_query(const struct storage_request *request, const char *name);
bool storage_request_flag(const struct storage_request *request, const char *name);
bool storage_request_number(const struct storage_request *request, const char *name,
                            int64_t fallback, int64_t *value, struct err *err);

/* The parameter `generation`, 0 when it is absent. */
bool storage_request_generation(const struct storage_request *request, int64_t *generation,
                                struct err *err);

/* The body as an object; {} for an empty body and for null. New reference. */
json_t *storage_request_body(const struct storage_request *request, struct err *err);

bool storage_request_reply(struct storage_request *request,
                           json_t *tree); /* always true; takes the tree */
bool storage_request_reply_object(struct storage_request *request,
                                  const struct storage_object *object);

/* 32 random letters and digits. The caller frees. */
char *storage_request_random_id(void);

#endif
