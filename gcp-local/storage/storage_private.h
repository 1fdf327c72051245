/* What the files of storage/ share. */
#ifndef GCP_LOCAL_STORAGE_STORAGE_PRIVATE_H
#define GCP_LOCAL_STORAGE_STORAGE_PRIVATE_H

#include "gcp-local/api/api.h"
#include "gcp-local/storage/catalog/catalog.h"
#include "gcp-local/storage/catalog/precondition.h"
#include "gcp-local/storage/content/content_files.h"
#include "gcp-local/storage/storage.h"

struct sessions;

struct storage {
    struct storage_options options;
    struct catalog *catalog;
    struct files *files;
    struct sessions *sessions;
};

/* A request that was routed. */
struct request {
    struct http_exchange *exchange;
    struct storage *storage;
    struct api_path path;
    const char *arg[4]; /* what the stars of the route's pattern stand for; borrowed from path */
    char *base;         /* "http://HOST:PORT", where links in answers lead */
};

void request_open(struct request *request, struct http_exchange *exchange, struct storage *storage);
void request_done(struct request *request);

static inline void own_request(struct request *local)
{
    request_done(local);
}

/* A query parameter, NULL when it is absent. The caller frees. */
char *request_query(const struct request *request, const char *name);
bool request_flag(const struct request *request, const char *name);
bool request_number(const struct request *request, const char *name, int64_t fallback,
                    int64_t *value, struct err *err);

/* The generation asked for, 0 when none is. */
bool request_generation(const struct request *request, int64_t *generation, struct err *err);

/* The body as an object; an empty one and null are {}. New reference. */
json_t *request_body(const struct request *request, struct err *err);

/* Does a request and answers it; or fails, and err is answered. */
typedef bool request_action(struct request *request, struct err *err);

bool request_reply(struct request *request, json_t *tree); /* always true; takes the tree */
bool request_reply_object(struct request *request, const struct object *object);

/* Random letters and digits, for names that nobody guesses. The caller frees. */
char *random_id(void);

#endif
