/* SPDX-License-Identifier: Apache-2.0 */
/* A cached access token, shared by threads and renewed before it expires. */
#include "gcp/auth/access_token.h"

#include "base/str.h"
#include "base/timestamp.h"

/* As in Google's client libraries. The metadata server issues a new token only in the last 5 min of
 * the old one; an earlier request would return the same token. */
static const int64_t RENEW_EARLY_NS = 225LL * NS_PER_SEC;
/* A token must still be valid when the request reaches Google. */
static const int64_t MIN_LIFETIME_NS = 10LL * NS_PER_SEC;
/* After a failed early renewal, while the old token is still valid. */
static const int64_t RETRY_PAUSE_NS = 15LL * NS_PER_SEC;

void access_token_cache_init(struct access_token_cache *cache)
{
    *cache = (struct access_token_cache){0};
    pthread_mutex_init(&cache->lock, NULL);
    pthread_cond_init(&cache->fetched, NULL);
}

void access_token_cache_done(struct access_token_cache *cache)
{
    pthread_mutex_destroy(&cache->lock);
    pthread_cond_destroy(&cache->fetched);
    free(cache->token.text);
}

static bool is_usable(const struct access_token_cache *cache, int64_t now_ns)
{
    return cache->token.text && cache->token.expires_ns - now_ns > MIN_LIFETIME_NS;
}

/* Short-lived tokens are renewed at half their lifetime. */
static int64_t renewal_time_ns(const struct access_token *token, int64_t now_ns)
{
    int64_t half_ns = (token->expires_ns - now_ns) / 2;
    return token->expires_ns - (half_ns < RENEW_EARLY_NS ? half_ns : RENEW_EARLY_NS);
}

/* Called with the lock held; releases it during the fetch. */
static void fetch_token(struct access_token_cache *cache, int64_t now_ns, access_token_fetch *fetch,
                        void *context)
{
    cache->fetching = true;
    pthread_mutex_unlock(&cache->lock);
    struct access_token token = {0};
    struct err failed = {0};
    bool ok = fetch(context, &token, &failed);
    pthread_mutex_lock(&cache->lock);

    cache->fetching = false;
    cache->fetch_count++;
    cache->failed = failed;
    cache->renew_ns = ok ? renewal_time_ns(&token, now_ns) : now_ns + RETRY_PAUSE_NS;
    if (ok) {
        free(cache->token.text);
        cache->token = token;
    }
    pthread_cond_broadcast(&cache->fetched);
}

/* Called with the lock held; releases it while it waits. */
static void wait_for_fetch(struct access_token_cache *cache)
{
    unsigned fetch_count = cache->fetch_count;
    while (cache->fetch_count == fetch_count)
        pthread_cond_wait(&cache->fetched, &cache->lock);
}

/* Called with the lock held. NULL without err: the token was refused meanwhile; call again. */
static char *get_or_fetch(struct access_token_cache *cache, int64_t now_ns,
                          access_token_fetch *fetch, void *context, struct err *err)
{
    bool usable = is_usable(cache, now_ns);
    if (cache->fetching && !usable)
        wait_for_fetch(cache);
    else if (!cache->fetching && (!usable || now_ns >= cache->renew_ns))
        fetch_token(cache, now_ns, fetch, context);

    /* after a failed early renewal the old token still works */
    if (cache->token.text && (usable || !cache->failed.status))
        return str_copy(cache->token.text);
    if (cache->failed.status)
        *err = cache->failed;
    return NULL;
}

char *access_token_get(struct access_token_cache *cache, int64_t now_ns, access_token_fetch *fetch,
                       void *context, struct err *err)
{
    pthread_mutex_lock(&cache->lock);
    char *text = NULL;
    while (!text && !err->status)
        text = get_or_fetch(cache, now_ns, fetch, context, err);
    pthread_mutex_unlock(&cache->lock);
    return text;
}

void access_token_refused(struct access_token_cache *cache, const char *text)
{
    pthread_mutex_lock(&cache->lock);
    if (str_equal(cache->token.text, text)) {
        free(cache->token.text);
        cache->token = (struct access_token){0};
    }
    pthread_mutex_unlock(&cache->lock);
}
