/* SPDX-License-Identifier: Apache-2.0 */
/* An access token, shared by threads: fetched once for all, renewed before it expires. */
#ifndef GCP_AUTH_ACCESS_TOKEN_H
#define GCP_AUTH_ACCESS_TOKEN_H

#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A token and when it ends. */
struct access_token {
    char *text; /* owned */
    int64_t expires_ns;
};

/* Gets a new token from where tokens come from. May wait for the network. */
typedef bool access_token_fetch(void *context, struct access_token *token, struct err *err);

struct access_token_cache {
    pthread_mutex_t lock; /* guards the rest; not held while fetching */
    pthread_cond_t fetched;
    struct access_token token;
    int64_t renew_ns;  /* from then on, get a new one */
    bool fetching;     /* a thread is out to get one */
    unsigned round;    /* counts fetches that ended */
    struct err failed; /* of the last fetch; status 0 when it succeeded */
};

void access_token_cache_init(struct access_token_cache *cache);
void access_token_cache_done(struct access_token_cache *cache);

/* A copy of a valid token; the caller frees. Fetches when there is none, and early, 3 min 45 s
 * before the end; then the others keep using the old one. However many threads ask, one fetches;
 * its failure is everybody's who waited. NULL and err otherwise. */
char *access_token_get(struct access_token_cache *cache, int64_t now_ns, access_token_fetch *fetch,
                       void *context, struct err *err);

/* Forgets a token that was refused; a newer one stays. */
void access_token_refused(struct access_token_cache *cache, const char *text);

#endif
