/* SPDX-License-Identifier: Apache-2.0 */
/* The public keys of a token issuer: fetched when needed, cached as long as their server says. */
#include "gcp/auth/key_set.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/call/retry_send.h"

#include <pthread.h>
#include <string.h>

enum {
    MIN_LIFETIME_SEC = 60,
    DEFAULT_LIFETIME_SEC = 3600,
    MAX_LIFETIME_SEC = 24 * 3600,
    REFETCH_SEC = 30, /* between fetches because of unknown kids */
    FAILED_REFETCH_SEC = 5,
    MAX_REPLY_BYTES = 256 * 1024,
    TIMEOUT_MS = 10000,
};

struct key_set {
    char *url;
    const struct gcp_environment *env;
    pthread_mutex_t fetching; /* held during a fetch; taken before lock */
    pthread_mutex_t lock;     /* guards the members below */
    struct jwt_keys set;
    int64_t fresh_until_ns;
    int64_t next_fetch_ns; /* no fetch earlier */
    unsigned fetch_count;
    struct err failed; /* of the last fetch; status 0 when it succeeded */
};

struct key_set *key_set_open(const char *url, const struct gcp_environment *env)
{
    struct key_set *keys = alloc_zeroed(sizeof(*keys));
    keys->url = str_copy(url);
    keys->env = env;
    keys->fresh_until_ns = keys->next_fetch_ns = INT64_MIN;
    pthread_mutex_init(&keys->fetching, NULL);
    pthread_mutex_init(&keys->lock, NULL);
    return keys;
}

void key_set_close(struct key_set *keys)
{
    if (!keys)
        return;
    pthread_mutex_destroy(&keys->fetching);
    pthread_mutex_destroy(&keys->lock);
    jwt_keys_done(&keys->set);
    free(keys->url);
    free(keys);
}

/* How long the response may be cached: "Cache-Control: public, max-age=21600, ...". */
static int64_t lifetime_ns(const struct headers *headers)
{
    int64_t sec = DEFAULT_LIFETIME_SEC;
    const char *control = headers_get(headers, "cache-control");
    const char *age = control ? strstr(control, "max-age=") : NULL;
    if (age) {
        age += strlen("max-age=");
        OWN(free) char *digits = str_copy_bytes((struct bytes){age, strspn(age, "0123456789")});
        str_int(digits, 0, INT32_MAX, &sec);
    }
    sec = sec < MIN_LIFETIME_SEC   ? MIN_LIFETIME_SEC
          : sec > MAX_LIFETIME_SEC ? MAX_LIFETIME_SEC
                                   : sec;
    return sec * NS_PER_SEC;
}

static bool fetch(const struct key_set *keys, struct jwt_keys *set, int64_t *valid_ns,
                  struct err *err)
{
    struct http_call call = {
        .url = keys->url,
        .timeout_ms = TIMEOUT_MS,
        .max_reply = MAX_REPLY_BYTES,
    };
    static const struct retry_policy policy = {
        .initial_ns = NS_PER_SEC / 10,
        .max_ns = NS_PER_SEC,
        .deadline_ns = 10LL * NS_PER_SEC,
        .max_attempts = 3,
        .idempotent = true,
    };
    OWN(http_response) struct http_response response = {0};
    struct err failed = {0};
    if (retry_send(keys->env, &call, &policy, &response, NULL, &failed) &&
        jwt_keys_from_json(buf_bytes(&response.body), set, &failed)) {
        *valid_ns = lifetime_ns(&response.headers);
        return true;
    }
    /* in no case an error in the sender's token */
    return err_set(err, ERR_UNAVAILABLE, "cannot get the keys for push tokens: %s", failed.text);
}

/* Stores the result of a fetch; moves *set. */
static void store(struct key_set *keys, struct jwt_keys *set, int64_t valid_ns,
                  const struct err *failed)
{
    int64_t now_ns = keys->env->now_ns(keys->env->context);
    bool ok = !failed->status;
    pthread_mutex_lock(&keys->lock);
    keys->fetch_count++;
    keys->failed = *failed;
    keys->next_fetch_ns = now_ns + (ok ? REFETCH_SEC : FAILED_REFETCH_SEC) * (int64_t)NS_PER_SEC;
    if (ok) {
        jwt_keys_done(&keys->set);
        keys->set = *set;
        keys->fresh_until_ns = now_ns + valid_ns;
        *set = (struct jwt_keys){0};
    }
    pthread_mutex_unlock(&keys->lock);
}

/* Fetches, unless another thread has done so since the caller read fetch_count. */
static void refresh(struct key_set *keys, unsigned fetch_count)
{
    pthread_mutex_lock(&keys->fetching);
    pthread_mutex_lock(&keys->lock);
    bool done = keys->fetch_count != fetch_count;
    pthread_mutex_unlock(&keys->lock);
    if (!done) {
        OWN(jwt_keys) struct jwt_keys set = {0};
        struct err failed = {0};
        int64_t valid_ns = 0;
        fetch(keys, &set, &valid_ns, &failed);
        store(keys, &set, valid_ns, &failed);
    }
    pthread_mutex_unlock(&keys->fetching);
}

/* Copies a cached key. *stale is true when a fetch may change the result. */
static bool lookup(struct key_set *keys, const char *kid, struct jwt_key *key, bool *stale,
                   unsigned *fetch_count, struct err *failed)
{
    int64_t now_ns = keys->env->now_ns(keys->env->context);
    pthread_mutex_lock(&keys->lock);
    const struct jwt_key *found = jwt_keys_find(&keys->set, kid);
    if (found)
        *key = (struct jwt_key){str_copy(found->kid), str_copy(found->n), str_copy(found->e)};
    *stale = now_ns >= keys->next_fetch_ns && (!found || now_ns >= keys->fresh_until_ns);
    *fetch_count = keys->fetch_count;
    *failed = keys->failed;
    pthread_mutex_unlock(&keys->lock);
    return found != NULL;
}

bool key_set_find(struct key_set *keys, const char *kid, struct jwt_key *key, struct err *err)
{
    bool stale;
    unsigned fetch_count;
    struct err failed;
    bool found = lookup(keys, kid, key, &stale, &fetch_count, &failed);
    if (stale) {
        refresh(keys, fetch_count);
        jwt_key_done(key);
        /* after a failed fetch the old keys are still used */
        found = lookup(keys, kid, key, &stale, &fetch_count, &failed);
    }
    if (found)
        return true;
    if (failed.status)
        *err = failed;
    else
        err_set(err, ERR_UNAUTHORIZED, "the token is signed with an unknown key");
    return false;
}
