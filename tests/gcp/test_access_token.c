/* SPDX-License-Identifier: Apache-2.0 */
/* The token cache: early renewal, one fetch among threads, refusals. */
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/auth/access_token.h"
#include "tests/helpers/test.h"

#include <sched.h>
#include <stdatomic.h>

#define SEC ((int64_t)NS_PER_SEC)

/* Where tokens come from: "token 1", "token 2", ... */
struct mint {
    atomic_int fetched;
    int64_t expires_ns;
    bool broken;
};

static bool fetch(void *context, struct access_token *token, struct err *err)
{
    struct mint *mint = context;
    int number = atomic_fetch_add(&mint->fetched, 1) + 1;
    if (mint->broken)
        return err_set(err, ERR_UNAVAILABLE, "no tokens today");
    *token = (struct access_token){str_format("token %d", number), mint->expires_ns};
    return true;
}

static void own_cache(struct access_token_cache *local)
{
    access_token_cache_done(local);
}

static void expect_token(struct access_token_cache *cache, struct mint *mint, int64_t now_ns,
                         const char *want)
{
    struct err err = {0};
    OWN(free) char *token = access_token_get(cache, now_ns, fetch, mint, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(token, want);
}

TEST(a_token_is_kept_until_shortly_before_its_end)
{
    OWN(cache) struct access_token_cache cache;
    access_token_cache_init(&cache);
    struct mint mint = {.expires_ns = 3600 * SEC};
    expect_token(&cache, &mint, 0, "token 1");
    expect_token(&cache, &mint, 3374 * SEC, "token 1");
    mint.expires_ns = 7200 * SEC;
    expect_token(&cache, &mint, 3375 * SEC, "token 2"); /* 3 min 45 s before */
    expect_token(&cache, &mint, 3700 * SEC, "token 2");
}

TEST(a_token_of_short_life_is_renewed_at_half_of_it)
{
    OWN(cache) struct access_token_cache cache;
    access_token_cache_init(&cache);
    struct mint mint = {.expires_ns = 60 * SEC};
    expect_token(&cache, &mint, 0, "token 1");
    expect_token(&cache, &mint, 29 * SEC, "token 1");
    expect_token(&cache, &mint, 30 * SEC, "token 2");
}

TEST(a_failed_early_renewal_does_no_harm_and_is_not_tried_at_every_call)
{
    OWN(cache) struct access_token_cache cache;
    access_token_cache_init(&cache);
    struct mint mint = {.expires_ns = 3600 * SEC};
    expect_token(&cache, &mint, 0, "token 1");
    mint.broken = true;
    expect_token(&cache, &mint, 3400 * SEC, "token 1");
    expect_token(&cache, &mint, 3401 * SEC, "token 1");
    EXPECT_INT(mint.fetched, 2);
    expect_token(&cache, &mint, 3416 * SEC, "token 1");
    EXPECT_INT(mint.fetched, 3);

    struct err err = {0};
    EXPECT(access_token_get(&cache, 3600 * SEC, fetch, &mint, &err) == NULL);
    EXPECT_STR(err.text, "no tokens today");
    mint.broken = false;
    mint.expires_ns = 7200 * SEC;
    expect_token(&cache, &mint, 3600 * SEC, "token 5");
}

TEST(a_refused_token_is_replaced_once_however_many_saw_the_refusal)
{
    OWN(cache) struct access_token_cache cache;
    access_token_cache_init(&cache);
    struct mint mint = {.expires_ns = 3600 * SEC};
    expect_token(&cache, &mint, 0, "token 1");
    access_token_refused(&cache, "token 1");
    expect_token(&cache, &mint, 0, "token 2");
    access_token_refused(&cache, "token 1");
    expect_token(&cache, &mint, 0, "token 2");
    EXPECT_INT(mint.fetched, 2);
}

enum { THREADS = 16, ROUNDS = 200 };

struct crowd {
    struct access_token_cache cache;
    struct mint mint;
    pthread_barrier_t start;
    atomic_int failures;
};

static void own_crowd(struct crowd *local)
{
    access_token_cache_done(&local->cache);
    pthread_barrier_destroy(&local->start);
}

static void run(struct crowd *crowd, void *(*thread)(void *))
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, thread, crowd);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void *ask_at_once(void *context)
{
    struct crowd *crowd = context;
    pthread_barrier_wait(&crowd->start);
    struct err err = {0};
    OWN(free) char *token = access_token_get(&crowd->cache, 0, fetch, &crowd->mint, &err);
    if (!token)
        atomic_fetch_add(&crowd->failures, 1);
    return NULL;
}

TEST(many_threads_that_need_a_token_at_once_fetch_one)
{
    struct crowd crowd __attribute__((cleanup(own_crowd))) = {.mint = {.expires_ns = 3600 * SEC}};
    access_token_cache_init(&crowd.cache);
    pthread_barrier_init(&crowd.start, NULL, THREADS);
    run(&crowd, ask_at_once);
    EXPECT_INT(crowd.mint.fetched, 1);
    EXPECT_INT(crowd.failures, 0);
}

/* Fetching that lasts until the test lets it end. */
struct slow_mint {
    struct access_token_cache cache;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool asked, may_end;
    atomic_int failures;
};

static bool fetch_slowly_and_fail(void *context, struct access_token *token, struct err *err)
{
    (void)token;
    struct slow_mint *mint = context;
    pthread_mutex_lock(&mint->lock);
    mint->asked = true;
    pthread_cond_broadcast(&mint->changed);
    while (!mint->may_end)
        pthread_cond_wait(&mint->changed, &mint->lock);
    pthread_mutex_unlock(&mint->lock);
    return err_set(err, ERR_UNAVAILABLE, "no tokens today");
}

static void *ask_slowly(void *context)
{
    struct slow_mint *mint = context;
    struct err err = {0};
    OWN(free) char *token = access_token_get(&mint->cache, 0, fetch_slowly_and_fail, mint, &err);
    if (!token && str_equal(err.text, "no tokens today"))
        atomic_fetch_add(&mint->failures, 1);
    return NULL;
}

TEST(a_failed_fetch_fails_all_who_waited_for_it)
{
    struct slow_mint mint = {.asked = false};
    access_token_cache_init(&mint.cache);
    pthread_mutex_init(&mint.lock, NULL);
    pthread_cond_init(&mint.changed, NULL);
    pthread_t first, others[THREADS];
    pthread_create(&first, NULL, ask_slowly, &mint);
    pthread_mutex_lock(&mint.lock);
    while (!mint.asked)
        pthread_cond_wait(&mint.changed, &mint.lock);
    pthread_mutex_unlock(&mint.lock);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&others[i], NULL, ask_slowly, &mint);

    pthread_mutex_lock(&mint.lock);
    mint.may_end = true;
    pthread_cond_broadcast(&mint.changed);
    pthread_mutex_unlock(&mint.lock);
    pthread_join(first, NULL);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(others[i], NULL);
    EXPECT_INT(mint.failures, THREADS + 1);
    access_token_cache_done(&mint.cache);
    pthread_mutex_destroy(&mint.lock);
    pthread_cond_destroy(&mint.changed);
}

/* Uses tokens and has now and then one refused. */
static void *use_and_refuse(void *context)
{
    struct crowd *crowd = context;
    pthread_barrier_wait(&crowd->start);
    for (int i = 0; i < ROUNDS; i++) {
        struct err err = {0};
        OWN(free) char *token = access_token_get(&crowd->cache, i * SEC, fetch, &crowd->mint, &err);
        if (!token)
            atomic_fetch_add(&crowd->failures, 1);
        else if (i % 50 == 49)
            access_token_refused(&crowd->cache, token);
        sched_yield();
    }
    return NULL;
}

TEST(refusals_and_fetches_at_the_same_time_leave_everybody_with_a_token)
{
    struct crowd crowd __attribute__((cleanup(own_crowd))) = {.mint = {.expires_ns = 3600 * SEC}};
    access_token_cache_init(&crowd.cache);
    pthread_barrier_init(&crowd.start, NULL, THREADS);
    run(&crowd, use_and_refuse);
    EXPECT_INT(crowd.failures, 0);
    EXPECT(crowd.mint.fetched >= 5);
}
