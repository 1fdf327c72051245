/* SPDX-License-Identifier: Apache-2.0 */
/* Push tokens: all kinds of invalid tokens, and when keys are fetched. */
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/auth/push_token.h"
#include "tests/helpers/fake_google.h"
#include "tests/helpers/keys.h"
#include "tests/helpers/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define AUDIENCE "https://vision.example.com/push"
#define EMAIL    "pubsub-push@p.iam.gserviceaccount.com"
#define HEADER   "{\"alg\":\"RS256\",\"kid\":\"key-0\",\"typ\":\"JWT\"}"
#define KEYS_URL "https://keys.test/certs"

/* FAKE_GOOGLE_NOW_SEC is 1767225600 */
#define TIMES "\"iat\":1767225500,\"exp\":1767229100"
#define WHO   "\"email\":\"" EMAIL "\",\"email_verified\":true"
#define CLAIMS                                                                                     \
    "{\"iss\":\"https://accounts.google.com\",\"aud\":\"" AUDIENCE "\"," TIMES "," WHO "}"

/* A verifier, and a fake Google that serves the keys. */
struct fixture {
    struct fake_google fake;
    struct fake_response rules[2];
    struct gcp_environment env;
    char *jwks;
    struct gcp_push *push;
};

static void set(struct fixture *fixture, const char *keys)
{
    fixture->jwks = test_jwks(keys);
    fixture->rules[0] = (struct fake_response){.when = KEYS_URL,
                                               .status = 200,
                                               .body = fixture->jwks,
                                               .header = "Cache-Control: public, max-age=600"};
    fixture->rules[1] = (struct fake_response){.when = "\n"};
    fake_google_init(&fixture->fake, fixture->rules, ARRAY_SIZE(fixture->rules));
    fake_google_env("PUSH_AUDIENCE", AUDIENCE, "PUSH_EMAIL", EMAIL, "PUSH_JWKS_URL", KEYS_URL,
                    NULL);
    fixture->env = fake_google_environment(&fixture->fake);
    struct err err = {0};
    EXPECT(push_token_open(&fixture->push, &fixture->env, &err));
    EXPECT(fixture->push != NULL);
}

static void own_fixture(struct fixture *local)
{
    gcp_push_close(local->push);
    fake_google_done(&local->fake);
    free(local->jwks);
}

/* 0 when the token is accepted, else err's status; why receives its text and may be NULL. */
static int push_status(struct fixture *fixture, const char *token, char *why, size_t size)
{
    OWN(free) char *authorization = str_format("Bearer %s", token);
    struct err err = {0};
    gcp_push_check(fixture->push, authorization, &err);
    if (why)
        snprintf(why, size, "%s", err.text);
    return err.status;
}

static int token_status(struct fixture *fixture, const char *header, const char *claims, int key)
{
    OWN(free) char *token = test_token(header, claims, key);
    return push_status(fixture, token, NULL, 0);
}

TEST(without_an_audience_no_token_is_required)
{
    fake_google_env(NULL, NULL);
    struct gcp_push *push = (struct gcp_push *)1;
    struct err err = {0};
    EXPECT(gcp_push_open(&push, &err));
    EXPECT(push == NULL);
}

TEST(an_invalid_url_of_keys_fails_at_the_start)
{
    fake_google_env("PUSH_AUDIENCE", AUDIENCE, "PUSH_JWKS_URL", "certs", NULL);
    struct gcp_push *push = NULL;
    struct err err = {0};
    EXPECT(!gcp_push_open(&push, &err));
    EXPECT_INT(err.status, ERR_INPUT);
    EXPECT_STR(err.text, "PUSH_JWKS_URL is certs, want an http or https URL");
}

TEST(a_token_from_google_for_our_audience_is_accepted)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "01");
    EXPECT_INT(token_status(&s, HEADER, CLAIMS, 0), 0);
    EXPECT_INT(token_status(&s, "{\"alg\":\"RS256\",\"kid\":\"key-1\"}", CLAIMS, 1), 0);
    EXPECT_INT(token_status(&s, HEADER,
                            "{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE "\"," TIMES
                            "," WHO "}",
                            0),
               0);
}

TEST(wrong_claims_are_401_and_another_account_is_403)
{
    static const struct {
        const char *claims, *why;
        int status;
    } rows[] = {
        {"{\"aud\":\"" AUDIENCE "\"," TIMES "," WHO "}", "iss is missing", 401},
        {"{\"iss\":\"https://evil.example.com\",\"aud\":\"" AUDIENCE "\"," TIMES "," WHO "}",
         "iss is https://evil.example.com, not Google", 401},
        {"{\"iss\":\"accounts.google.com\"," TIMES "," WHO "}", "aud is missing", 401},
        {"{\"iss\":\"accounts.google.com\",\"aud\":\"https://other\"," TIMES "," WHO "}",
         "aud is https://other, want " AUDIENCE, 401},
        {"{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE "/\"," TIMES "," WHO "}", "aud is",
         401},
        {"{\"iss\":\"accounts.google.com\",\"aud\":[\"" AUDIENCE "\"]," TIMES "," WHO "}",
         "aud is a list, want a string", 401},
        {"{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE "\",\"iat\":1767225500," WHO "}",
         "exp is missing", 401},
        {"{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE
         "\",\"iat\":1767225500,\"exp\":\"1767229100\"," WHO "}",
         "exp is a string, want a number", 401},
        {"{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE
         "\",\"iat\":1767221000,\"exp\":1767225539," WHO "}",
         "exp has passed", 401},
        {"{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE "\",\"exp\":1767229100," WHO "}",
         "iat is missing", 401},
        {"{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE
         "\",\"iat\":1767225661,\"exp\":1767229100," WHO "}",
         "iat is in the future", 401},
        {"{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE "\"," TIMES "}", "email is missing",
         403},
        {"{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE "\"," TIMES ",\"email\":\"" EMAIL
         "\",\"email_verified\":false}",
         "email_verified is not true", 403},
        {"{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE "\"," TIMES ",\"email\":\"" EMAIL
         "\",\"email_verified\":\"true\"}",
         "email_verified is a string", 403},
        {"{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE "\"," TIMES
         ",\"email\":\"else@q.iam.gserviceaccount.com\",\"email_verified\":true}",
         "email is else@q.iam.gserviceaccount.com, which is not PUSH_EMAIL", 403},
        {"[]", "is not a JSON object", 401},
    };
    OWN(fixture) struct fixture s = {0};
    set(&s, "0");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *token = test_token(HEADER, rows[i].claims, 0);
        char why[512];
        EXPECT_INT(push_status(&s, token, why, sizeof(why)), rows[i].status);
        EXPECT_HAS(why, rows[i].why);
    }
}

TEST(a_clock_skew_of_one_minute_is_accepted)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "0");
    EXPECT_INT(token_status(&s, HEADER,
                            "{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE
                            "\",\"iat\":1767225660,\"exp\":1767229100," WHO "}",
                            0),
               0);
    EXPECT_INT(token_status(&s, HEADER,
                            "{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE
                            "\",\"iat\":1767221000,\"exp\":1767225541," WHO "}",
                            0),
               0);
}

TEST(a_header_with_another_algorithm_than_rs256_is_refused)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\",\"kid\":\"key-0\"}",
        "{\"alg\":\"HS256\",\"kid\":\"key-0\"}",
        "{\"alg\":\"RS512\",\"kid\":\"key-0\"}",
        "{\"alg\":\"rs256\",\"kid\":\"key-0\"}",
        "{\"kid\":\"key-0\"}",
        "{\"alg\":[\"RS256\"],\"kid\":\"key-0\"}",
        "{\"alg\":\"RS256\"}",
        "{\"alg\":\"RS256\",\"kid\":\"no-such-key\"}",
        "{\"alg\":\"RS256\",\"kid\":\"key-0\",\"crit\":[\"x\"],\"x\":1}",
        "{\"alg\":\"RS256\",\"kid\":\"key-0\",\"crit\":null}",
        "{\"alg\":\"RS256\",\"alg\":\"RS256\",\"kid\":\"key-0\"}",
        "[]",
        "x",
    };
    OWN(fixture) struct fixture s = {0};
    set(&s, "0");
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
        EXPECT_INT(token_status(&s, headers[i], CLAIMS, 0), 401);
    EXPECT_INT(token_status(&s, "{\"alg\":\"none\",\"kid\":\"key-0\"}", CLAIMS, -1), 401);
    OWN(free) char *confused = test_token_hmac("{\"alg\":\"HS256\",\"kid\":\"key-0\"}", CLAIMS, 0);
    EXPECT_INT(push_status(&s, confused, NULL, 0), 401);
    OWN(free) char *disguised = test_token_hmac(HEADER, CLAIMS, 0);
    EXPECT_INT(push_status(&s, disguised, NULL, 0), 401);
}

TEST(a_signature_by_another_key_or_for_other_claims_is_refused)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "01");
    EXPECT_INT(token_status(&s, HEADER, CLAIMS, 1), 401);

    OWN(free) char *good = test_token(HEADER, CLAIMS, 0);
    OWN(free) char *other = test_token(
        HEADER,
        "{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE "\"," TIMES "," WHO ",\"x\":1}", 0);
    OWN(free) char *spliced =
        str_format("%.*s%s", (int)(strrchr(other, '.') - other), other, strrchr(good, '.'));
    char why[512];
    EXPECT_INT(push_status(&s, spliced, why, sizeof(why)), 401);
    EXPECT_STR(why, "the token's signature is wrong");
    /* the last character but one carries six bits that count */
    char *bit = good + strlen(good) - 2;
    *bit = *bit == 'A' ? 'B' : 'A';
    EXPECT_INT(push_status(&s, good, NULL, 0), 401);
}

TEST(a_malformed_token_is_refused)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "0");
    OWN(free) char *good = test_token(HEADER, CLAIMS, 0);
    OWN(free) char *padded = str_format("%s=", good);
    OWN(free) char *four = str_format("%s.x", good);
    OWN(free) char *spaced = str_format("%s x", good);
    OWN(free) char *two = str_copy_bytes((struct bytes){good, (size_t)(strrchr(good, '.') - good)});
    OWN(free) char *huge = alloc_zeroed(20001);
    memset(huge, 'a', 20000);
    const char *const rows[] = {"", ".", "..", "a.b.c", "a..c", padded, four, spaced, two, huge};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        EXPECT_INT(push_status(&s, rows[i], NULL, 0), 401);
    EXPECT_INT(s.fake.request_count, 0); /* keys are not fetched for a malformed token */
}

TEST(the_scheme_bearer_ignores_case)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "0");
    OWN(free) char *token = test_token(HEADER, CLAIMS, 0);
    static const struct {
        const char *scheme;
        int status;
    } rows[] = {{"bearer ", 0}, {"BEARER  ", 0}, {"Basic ", 401}, {"", 401}, {"Bearer", 401}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *authorization = str_format("%s%s", rows[i].scheme, token);
        struct err err = {0};
        gcp_push_check(s.push, authorization, &err);
        EXPECT_INT(err.status, rows[i].status);
    }
    struct err err = {0};
    EXPECT(!gcp_push_check(s.push, NULL, &err));
    EXPECT_STR(err.text, "the request has no bearer token");
}

TEST(keys_are_fetched_once_and_cached_for_max_age)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "0");
    EXPECT_INT(token_status(&s, HEADER, CLAIMS, 0), 0);
    s.fake.now_ns += 599LL * NS_PER_SEC;
    EXPECT_INT(token_status(&s, HEADER, CLAIMS, 0), 0);
    EXPECT_INT(s.fake.request_count, 1);
    s.fake.now_ns += 2LL * NS_PER_SEC;
    EXPECT_INT(token_status(&s, HEADER, CLAIMS, 0), 0);
    EXPECT_INT(s.fake.request_count, 2);
}

TEST(a_new_kid_causes_a_fetch_but_invented_kids_cause_no_traffic)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "0");
    static const char new_key[] = "{\"alg\":\"RS256\",\"kid\":\"key-1\"}";
    EXPECT_INT(token_status(&s, HEADER, CLAIMS, 0), 0);
    for (int i = 0; i < 10; i++)
        EXPECT_INT(token_status(&s, new_key, CLAIMS, 1), 401);
    EXPECT_INT(s.fake.request_count, 1);

    OWN(free) char *both = test_jwks("01");
    s.rules[0].body = both;
    s.fake.now_ns += 31LL * NS_PER_SEC;
    EXPECT_INT(token_status(&s, new_key, CLAIMS, 1), 0);
    EXPECT_INT(s.fake.request_count, 2);
}

TEST(without_keys_the_sender_gets_503)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "0");
    s.rules[0].status = 503;
    OWN(free) char *token = test_token(HEADER, CLAIMS, 0);
    char why[512];
    EXPECT_INT(push_status(&s, token, why, sizeof(why)), ERR_UNAVAILABLE);
    EXPECT_HAS(why, "cannot get the keys for push tokens: keys.test answered 503");
    size_t requests = s.fake.request_count;
    EXPECT_INT(push_status(&s, token, NULL, 0), ERR_UNAVAILABLE);
    EXPECT_INT(s.fake.request_count, requests); /* not again for each request */
    s.rules[0].status = 200;
    s.fake.now_ns += 6LL * NS_PER_SEC;
    EXPECT_INT(push_status(&s, token, NULL, 0), 0);
}

TEST(expired_keys_are_used_when_they_cannot_be_renewed)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "0");
    EXPECT_INT(token_status(&s, HEADER, CLAIMS, 0), 0);
    s.fake.now_ns += 700LL * NS_PER_SEC;
    s.rules[0].status = 0;
    EXPECT_INT(token_status(&s, HEADER, CLAIMS, 0), 0);
    EXPECT(s.fake.request_count > 1);
}

TEST(weak_keys_and_keys_not_for_signing_are_skipped)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "0");
    s.rules[0].body =
        "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"key-0\",\"n\":\"AQAB\",\"e\":\"AQAB\"},"
        "{\"kty\":\"EC\",\"kid\":\"key-0\"},7,{\"kty\":\"RSA\",\"kid\":\"key-0\",\"n\":\"***\","
        "\"e\":\"AQAB\"},{\"kty\":\"RSA\",\"use\":\"enc\",\"kid\":\"key-0\"}]}";
    EXPECT_INT(token_status(&s, HEADER, CLAIMS, 0), 401);
    s.rules[0].body = "{\"key\":[]}";
    s.fake.now_ns += 700LL * NS_PER_SEC;
    EXPECT_INT(token_status(&s, HEADER, CLAIMS, 0), ERR_UNAVAILABLE);
}

struct thread_group {
    struct fixture fixture;
    char *authorization;
    atomic_int refused;
};

static void *check_many(void *context)
{
    struct thread_group *thread_group = context;
    for (int i = 0; i < 20; i++) {
        struct err err = {0};
        if (!gcp_push_check(thread_group->fixture.push, thread_group->authorization, &err))
            atomic_fetch_add(&thread_group->refused, 1);
    }
    return NULL;
}

TEST(concurrent_threads_fetch_the_keys_once)
{
    struct thread_group thread_group = {.refused = 0};
    set(&thread_group.fixture, "0");
    OWN(free) char *token = test_token(HEADER, CLAIMS, 0);
    OWN(free) char *authorization = str_format("Bearer %s", token);
    thread_group.authorization = authorization;
    pthread_t threads[8];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_create(&threads[i], NULL, check_many, &thread_group);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
    EXPECT_INT(thread_group.refused, 0);
    EXPECT_INT(thread_group.fixture.fake.request_count, 1);
    own_fixture(&thread_group.fixture);
}
