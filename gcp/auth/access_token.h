/* SPDX-License-Identifier: Apache-2.0 */
/* A cached access token, shared by threads and renewed before it expires. */
#ifndef GCP_AUTH_ACCESS_TOKEN_H
#define GCP_AUTH_ACCESS_TOKEN_H

#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A token and its expiry. */
struct access_token {
    char *text; /* owned */
    int64_t expires_ns;
};

/* Gets a new token. May block on the network. */
typedef bool access_token_fetch(void *context, struct access_token *token, struct err *err);

struct access_token_cache {
    pthread_mutex_t lock; /* guards the rest; not held while fetching */
    pthread_cond_t fetched;
    struct access_token token;
    int64_t renew_ns;     /* when to fetch the next token */
    bool fetching;        /* a thread is fetching */
    unsigned fetch_count; /* completed fetches */
    struct err failed;    /* of the last fetch; status 0 when it succeeded */
};

void access_token_cache_init(struct access_token_cache *cache);
void access_token_cache_done(struct access_token_cache *cache);

/* A copy of a valid token; the caller frees. NULL and err on failure. Fetches a token when there is
 * no usable one, or 3 min 45 s before expiry; then the other threads keep using the old one. Only
 * one thread fetches at a time, and all that waited for it share its failure. */
char *access_token_get(struct access_token_cache *cache, int64_t now_ns, access_token_fetch *fetch,
                       void *context, struct err *err);

/* Drops a token that the server refused; a newer token is kept. */
void access_token_refused(struct access_token_cache *cache, const char *text);

#endif
