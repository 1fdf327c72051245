/* SPDX-License-Identifier: Apache-2.0 */
/* An access token, shared by threads: fetched once for all, renewed before it expires. */
#include "gcp/auth/access_token.h"

#include "base/str.h"
#include "base/timestamp.h"

/* As Google's own libraries: the metadata server hands out a new token from 5 min before the end
 * on, so earlier than that would bring the old one again. */
static const int64_t EARLY_NS = 225LL * NS_PER_SEC;
/* A token needs to live as long as its way to Google takes. */
static const int64_t LEAST_LIFE_NS = 10LL * NS_PER_SEC;
/* After an early renewal failed, while the old token is still good. */
static const int64_t NEXT_TRY_NS = 15LL * NS_PER_SEC;

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

static bool usable(const struct access_token_cache *cache, int64_t now_ns)
{
    return cache->token.text && cache->token.expires_ns - now_ns > LEAST_LIFE_NS;
}

/* Short-lived tokens are renewed at half their life. */
static int64_t renewal(const struct access_token *token, int64_t now_ns)
{
    int64_t half_ns = (token->expires_ns - now_ns) / 2;
    return token->expires_ns - (half_ns < EARLY_NS ? half_ns : EARLY_NS);
}

/* Called with the lock held, which it gives up while it is out. */
static void go_and_fetch(struct access_token_cache *cache, int64_t now_ns,
                         access_token_fetch *fetch, void *context)
{
    cache->fetching = true;
    pthread_mutex_unlock(&cache->lock);
    struct access_token token = {0};
    struct err failed = {0};
    bool ok = fetch(context, &token, &failed);
    pthread_mutex_lock(&cache->lock);

    cache->fetching = false;
    cache->round++;
    cache->failed = failed;
    cache->renew_ns = ok ? renewal(&token, now_ns) : now_ns + NEXT_TRY_NS;
    if (ok) {
        free(cache->token.text);
        cache->token = token;
    }
    pthread_cond_broadcast(&cache->fetched);
}

/* Called with the lock held, which it gives up while it waits. */
static void wait_for_other(struct access_token_cache *cache)
{
    unsigned round = cache->round;
    while (cache->round == round)
        pthread_cond_wait(&cache->fetched, &cache->lock);
}

/* Called with the lock held. One look at the cache; NULL with err untouched: look again. */
static char *look(struct access_token_cache *cache, int64_t now_ns, access_token_fetch *fetch,
                  void *context, struct err *err)
{
    bool good = usable(cache, now_ns);
    if (cache->fetching && !good)
        wait_for_other(cache);
    else if (!cache->fetching && (!good || now_ns >= cache->renew_ns))
        go_and_fetch(cache, now_ns, fetch, context);

    /* an early renewal may have failed: the old token is good enough */
    if (cache->token.text && (good || !cache->failed.status))
        return str_copy(cache->token.text);
    if (cache->failed.status)
        *err = cache->failed;
    return NULL; /* or somebody had the new one refused already */
}

char *access_token_get(struct access_token_cache *cache, int64_t now_ns, access_token_fetch *fetch,
                       void *context, struct err *err)
{
    pthread_mutex_lock(&cache->lock);
    char *text = NULL;
    while (!text && !err->status)
        text = look(cache, now_ns, fetch, context, err);
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
