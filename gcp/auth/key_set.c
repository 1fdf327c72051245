/* SPDX-License-Identifier: Apache-2.0 */
/* The public keys of an issuer of tokens: fetched when needed, kept as long as their server says.
 */
#include "gcp/auth/key_set.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/call/retry_send.h"

#include <pthread.h>
#include <string.h>

enum {
    LEAST_LIFE_SEC = 60,
    USUAL_LIFE_SEC = 3600,
    MOST_LIFE_SEC = 24 * 3600,
    PAUSE_SEC = 30, /* before an unknown kid makes us fetch again */
    FAILED_PAUSE_SEC = 5,
    MOST_REPLY = 256 * 1024,
    TIMEOUT_MS = 10000,
};

struct key_set {
    char *url;
    const struct gcp_environment *outside;
    pthread_mutex_t fetching; /* held by the one who fetches; before lock */
    pthread_mutex_t lock;     /* guards the rest */
    struct jwt_keys set;
    int64_t fresh_until_ns;
    int64_t next_fetch_ns; /* not before */
    unsigned round;        /* counts fetches */
    struct err failed;     /* of the last fetch */
};

struct key_set *key_set_open(const char *url, const struct gcp_environment *outside)
{
    struct key_set *keys = alloc_zeroed(sizeof(*keys));
    keys->url = str_copy(url);
    keys->outside = outside;
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

/* How long the answer may be kept: "Cache-Control: public, max-age=21600, ...". */
static int64_t life_ns(const struct headers *headers)
{
    int64_t sec = USUAL_LIFE_SEC;
    const char *control = headers_get(headers, "cache-control");
    const char *age = control ? strstr(control, "max-age=") : NULL;
    if (age) {
        age += strlen("max-age=");
        OWN(free) char *digits = str_copy_bytes((struct bytes){age, strspn(age, "0123456789")});
        str_int(digits, 0, INT32_MAX, &sec);
    }
    sec = sec < LEAST_LIFE_SEC ? LEAST_LIFE_SEC : sec > MOST_LIFE_SEC ? MOST_LIFE_SEC : sec;
    return sec * NS_PER_SEC;
}

static bool fetch(const struct key_set *keys, struct jwt_keys *set, int64_t *life, struct err *err)
{
    struct http_call call = {
        .url = keys->url,
        .timeout_ms = TIMEOUT_MS,
        .max_reply = MOST_REPLY,
    };
    struct retry_run sending = {
        .policy = {.first_ns = NS_PER_SEC / 10,
                   .most_ns = NS_PER_SEC,
                   .deadline_ns = 10LL * NS_PER_SEC,
                   .tries = 3,
                   .repeatable = true},
    };
    OWN(http_response) struct http_response answer = {0};
    struct err failed = {0};
    if (retry_send(keys->outside, &call, &sending, &answer, &failed) &&
        jwt_keys_from_json(buf_bytes(&answer.body), set, &failed)) {
        *life = life_ns(&answer.headers);
        return true;
    }
    /* whatever it is, the sender's token is not to blame */
    return err_set(err, ERR_UNAVAILABLE, "cannot get the keys of push tokens: %s", failed.text);
}

/* Takes over what a fetch brought, or why it failed. */
static void store(struct key_set *keys, struct jwt_keys *set, int64_t life,
                  const struct err *failed)
{
    int64_t now_ns = keys->outside->now_ns(keys->outside->context);
    bool ok = !failed->status;
    pthread_mutex_lock(&keys->lock);
    keys->round++;
    keys->failed = *failed;
    keys->next_fetch_ns = now_ns + (ok ? PAUSE_SEC : FAILED_PAUSE_SEC) * (int64_t)NS_PER_SEC;
    if (ok) {
        jwt_keys_done(&keys->set);
        keys->set = *set;
        keys->fresh_until_ns = now_ns + life;
        *set = (struct jwt_keys){0};
    }
    pthread_mutex_unlock(&keys->lock);
}

/* Fetches, unless another thread did since `round` was seen. */
static void refresh(struct key_set *keys, unsigned round)
{
    pthread_mutex_lock(&keys->fetching);
    pthread_mutex_lock(&keys->lock);
    bool done = keys->round != round;
    pthread_mutex_unlock(&keys->lock);
    if (!done) {
        OWN(jwt_keys) struct jwt_keys set = {0};
        struct err failed = {0};
        int64_t life = 0;
        fetch(keys, &set, &life, &failed);
        store(keys, &set, life, &failed);
    }
    pthread_mutex_unlock(&keys->fetching);
}

/* Looks at what we have. True when found; *worth says whether fetching could change the result. */
static bool look(struct key_set *keys, const char *kid, struct jwt_key *key, bool *worth,
                 unsigned *round, struct err *failed)
{
    int64_t now_ns = keys->outside->now_ns(keys->outside->context);
    pthread_mutex_lock(&keys->lock);
    const struct jwt_key *found = jwt_keys_find(&keys->set, kid);
    if (found)
        *key = (struct jwt_key){str_copy(found->kid), str_copy(found->n), str_copy(found->e)};
    *worth = now_ns >= keys->next_fetch_ns && (!found || now_ns >= keys->fresh_until_ns);
    *round = keys->round;
    *failed = keys->failed;
    pthread_mutex_unlock(&keys->lock);
    return found != NULL;
}

bool key_set_find(struct key_set *keys, const char *kid, struct jwt_key *key, struct err *err)
{
    bool worth;
    unsigned round;
    struct err failed;
    bool found = look(keys, kid, key, &worth, &round, &failed);
    if (worth) {
        refresh(keys, round);
        jwt_key_done(key);
        /* keys that could not be renewed are better than none */
        found = look(keys, kid, key, &worth, &round, &failed);
    }
    if (found)
        return true;
    if (failed.status)
        *err = failed;
    else
        err_set(err, ERR_UNAUTHORIZED, "the token is signed with an unknown key");
    return false;
}
