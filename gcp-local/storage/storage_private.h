/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of storage/ share. */
#ifndef GCP_LOCAL_STORAGE_STORAGE_PRIVATE_H
#define GCP_LOCAL_STORAGE_STORAGE_PRIVATE_H

#include "gcp-local/api/api.h"
#include "gcp-local/storage/catalog/catalog.h"
#include "gcp-local/storage/catalog/preconditions.h"
#include "gcp-local/storage/content/content_files.h"
#include "gcp-local/storage/storage.h"

struct upload_session_table;

struct storage {
    struct storage_options options;
    struct catalog *catalog;
    struct content_files *files;
    struct upload_session_table *sessions;
};

/* A request that was routed. */
struct storage_request {
    struct http_exchange *exchange;
    struct storage *storage;
    struct api_path path;
    const char *arg[4]; /* what the stars of the route's pattern stand for; borrowed from path */
    char *base;         /* "http://HOST:PORT", where links in answers lead */
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

/* The generation asked for, 0 when none is. */
bool storage_request_generation(const struct storage_request *request, int64_t *generation,
                                struct err *err);

/* The body as an object; an empty one and null are {}. New reference. */
json_t *storage_request_body(const struct storage_request *request, struct err *err);

/* Does a request and answers it; or fails, and err is answered. */
typedef bool storage_request_action(struct storage_request *request, struct err *err);

bool storage_request_reply(struct storage_request *request,
                           json_t *tree); /* always true; takes the tree */
bool storage_request_reply_object(struct storage_request *request,
                                  const struct storage_object *object);

/* Random letters and digits, for names that nobody guesses. The caller frees. */
char *storage_request_random_id(void);

#endif
