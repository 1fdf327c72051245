/* SPDX-License-Identifier: Apache-2.0 */
/* The token cache: early renewal, one fetch among threads, refusals. */
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/auth/access_token.h"
#include "tests/helpers/test.h"

#include <sched.h>
#include <stdatomic.h>

#define SEC ((int64_t)NS_PER_SEC)

/* Issues "token 1", "token 2", ... */
struct issuer {
    atomic_int fetched;
    int64_t expires_ns;
    bool broken;
};

static bool fetch(void *context, struct access_token *token, struct err *err)
{
    struct issuer *issuer = context;
    int number = atomic_fetch_add(&issuer->fetched, 1) + 1;
    if (issuer->broken)
        return err_set(err, ERR_UNAVAILABLE, "no tokens today");
    *token = (struct access_token){str_format("token %d", number), issuer->expires_ns};
    return true;
}

static void own_cache(struct access_token_cache *local)
{
    access_token_cache_done(local);
}

static void expect_token(struct access_token_cache *cache, struct issuer *issuer, int64_t now_ns,
                         const char *want)
{
    struct err err = {0};
    OWN(free) char *token = access_token_get(cache, now_ns, fetch, issuer, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(token, want);
}

TEST(a_token_is_cached_until_shortly_before_its_expiry)
{
    OWN(cache) struct access_token_cache cache;
    access_token_cache_init(&cache);
    struct issuer issuer = {.expires_ns = 3600 * SEC};
    expect_token(&cache, &issuer, 0, "token 1");
    expect_token(&cache, &issuer, 3374 * SEC, "token 1");
    issuer.expires_ns = 7200 * SEC;
    expect_token(&cache, &issuer, 3375 * SEC, "token 2"); /* 3 min 45 s before */
    expect_token(&cache, &issuer, 3700 * SEC, "token 2");
}

TEST(a_short_lived_token_is_renewed_at_half_its_lifetime)
{
    OWN(cache) struct access_token_cache cache;
    access_token_cache_init(&cache);
    struct issuer issuer = {.expires_ns = 60 * SEC};
    expect_token(&cache, &issuer, 0, "token 1");
    expect_token(&cache, &issuer, 29 * SEC, "token 1");
    expect_token(&cache, &issuer, 30 * SEC, "token 2");
}

TEST(a_failed_early_renewal_keeps_the_token_and_is_retried_later)
{
    OWN(cache) struct access_token_cache cache;
    access_token_cache_init(&cache);
    struct issuer issuer = {.expires_ns = 3600 * SEC};
    expect_token(&cache, &issuer, 0, "token 1");
    issuer.broken = true;
    expect_token(&cache, &issuer, 3400 * SEC, "token 1");
    expect_token(&cache, &issuer, 3401 * SEC, "token 1");
    EXPECT_INT(issuer.fetched, 2);
    expect_token(&cache, &issuer, 3416 * SEC, "token 1");
    EXPECT_INT(issuer.fetched, 3);

    struct err err = {0};
    EXPECT(access_token_get(&cache, 3600 * SEC, fetch, &issuer, &err) == NULL);
    EXPECT_STR(err.text, "no tokens today");
    issuer.broken = false;
    issuer.expires_ns = 7200 * SEC;
    expect_token(&cache, &issuer, 3600 * SEC, "token 5");
}

TEST(a_refused_token_is_replaced_only_once)
{
    OWN(cache) struct access_token_cache cache;
    access_token_cache_init(&cache);
    struct issuer issuer = {.expires_ns = 3600 * SEC};
    expect_token(&cache, &issuer, 0, "token 1");
    access_token_refused(&cache, "token 1");
    expect_token(&cache, &issuer, 0, "token 2");
    access_token_refused(&cache, "token 1");
    expect_token(&cache, &issuer, 0, "token 2");
    EXPECT_INT(issuer.fetched, 2);
}

enum { THREADS = 16, ROUNDS = 200 };

struct thread_group {
    struct access_token_cache cache;
    struct issuer issuer;
    pthread_barrier_t start;
    atomic_int failures;
};

static void own_thread_group(struct thread_group *local)
{
    access_token_cache_done(&local->cache);
    pthread_barrier_destroy(&local->start);
}

static void run(struct thread_group *thread_group, void *(*thread)(void *))
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, thread, thread_group);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void *ask_at_once(void *context)
{
    struct thread_group *thread_group = context;
    pthread_barrier_wait(&thread_group->start);
    struct err err = {0};
    OWN(free) char *token =
        access_token_get(&thread_group->cache, 0, fetch, &thread_group->issuer, &err);
    if (!token)
        atomic_fetch_add(&thread_group->failures, 1);
    return NULL;
}

TEST(concurrent_threads_fetch_one_token)
{
    struct thread_group thread_group
        __attribute__((cleanup(own_thread_group))) = {.issuer = {.expires_ns = 3600 * SEC}};
    access_token_cache_init(&thread_group.cache);
    pthread_barrier_init(&thread_group.start, NULL, THREADS);
    run(&thread_group, ask_at_once);
    EXPECT_INT(thread_group.issuer.fetched, 1);
    EXPECT_INT(thread_group.failures, 0);
}

/* A fetch that the test ends. */
struct slow_mint {
    struct access_token_cache cache;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool requests, may_end;
    atomic_int failures;
};

static bool fetch_slowly_and_fail(void *context, struct access_token *token, struct err *err)
{
    (void)token;
    struct slow_mint *issuer = context;
    pthread_mutex_lock(&issuer->lock);
    issuer->requests = true;
    pthread_cond_broadcast(&issuer->changed);
    while (!issuer->may_end)
        pthread_cond_wait(&issuer->changed, &issuer->lock);
    pthread_mutex_unlock(&issuer->lock);
    return err_set(err, ERR_UNAVAILABLE, "no tokens today");
}

static void *ask_slowly(void *context)
{
    struct slow_mint *issuer = context;
    struct err err = {0};
    OWN(free) char *token =
        access_token_get(&issuer->cache, 0, fetch_slowly_and_fail, issuer, &err);
    if (!token && str_equal(err.text, "no tokens today"))
        atomic_fetch_add(&issuer->failures, 1);
    return NULL;
}

TEST(a_failed_fetch_fails_all_waiting_threads)
{
    struct slow_mint issuer = {.requests = false};
    access_token_cache_init(&issuer.cache);
    pthread_mutex_init(&issuer.lock, NULL);
    pthread_cond_init(&issuer.changed, NULL);
    pthread_t first, others[THREADS];
    pthread_create(&first, NULL, ask_slowly, &issuer);
    pthread_mutex_lock(&issuer.lock);
    while (!issuer.requests)
        pthread_cond_wait(&issuer.changed, &issuer.lock);
    pthread_mutex_unlock(&issuer.lock);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&others[i], NULL, ask_slowly, &issuer);

    pthread_mutex_lock(&issuer.lock);
    issuer.may_end = true;
    pthread_cond_broadcast(&issuer.changed);
    pthread_mutex_unlock(&issuer.lock);
    pthread_join(first, NULL);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(others[i], NULL);
    EXPECT_INT(issuer.failures, THREADS + 1);
    access_token_cache_done(&issuer.cache);
    pthread_mutex_destroy(&issuer.lock);
    pthread_cond_destroy(&issuer.changed);
}

/* Uses tokens and sometimes refuses one. */
static void *use_and_refuse(void *context)
{
    struct thread_group *thread_group = context;
    pthread_barrier_wait(&thread_group->start);
    for (int i = 0; i < ROUNDS; i++) {
        struct err err = {0};
        OWN(free) char *token =
            access_token_get(&thread_group->cache, i * SEC, fetch, &thread_group->issuer, &err);
        if (!token)
            atomic_fetch_add(&thread_group->failures, 1);
        else if (i % 50 == 49)
            access_token_refused(&thread_group->cache, token);
        sched_yield();
    }
    return NULL;
}

TEST(concurrent_refusals_and_fetches_leave_every_thread_with_a_token)
{
    struct thread_group thread_group
        __attribute__((cleanup(own_thread_group))) = {.issuer = {.expires_ns = 3600 * SEC}};
    access_token_cache_init(&thread_group.cache);
    pthread_barrier_init(&thread_group.start, NULL, THREADS);
    run(&thread_group, use_and_refuse);
    EXPECT_INT(thread_group.failures, 0);
    EXPECT(thread_group.issuer.fetched >= 5);
}
