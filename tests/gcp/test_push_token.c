/* SPDX-License-Identifier: Apache-2.0 */
/* Push tokens: every way in which one can be wrong, and when keys are fetched. */
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

/* A guard, and the fake that has Google's keys. */
struct stage {
    struct fake_google fake;
    struct fake_response rules[2];
    struct gcp_environment env;
    char *jwks;
    struct gcp_push *push;
};

static void set(struct stage *stage, const char *keys)
{
    stage->jwks = test_jwks(keys);
    stage->rules[0] = (struct fake_response){.when = KEYS_URL,
                                             .status = 200,
                                             .body = stage->jwks,
                                             .header = "Cache-Control: public, max-age=600"};
    stage->rules[1] = (struct fake_response){.when = "\n"};
    fake_google_init(&stage->fake, stage->rules, ARRAY_SIZE(stage->rules));
    fake_google_env("PUSH_AUDIENCE", AUDIENCE, "PUSH_EMAIL", EMAIL, "PUSH_JWKS_URL", KEYS_URL,
                    NULL);
    stage->env = fake_google_environment(&stage->fake);
    struct err err = {0};
    EXPECT(push_token_open(&stage->push, &stage->env, &err));
    EXPECT(stage->push != NULL);
}

static void own_stage(struct stage *local)
{
    gcp_push_close(local->push);
    fake_google_done(&local->fake);
    free(local->jwks);
}

/* 0 when the guard lets it in, else the status it refuses with; why may be NULL. */
static int verdict(struct stage *stage, const char *token, char *why, size_t size)
{
    OWN(free) char *authorization = str_format("Bearer %s", token);
    struct err err = {0};
    gcp_push_check(stage->push, authorization, &err);
    if (why)
        snprintf(why, size, "%s", err.text);
    return err.status;
}

static int verdict_of(struct stage *stage, const char *header, const char *claims, int key)
{
    OWN(free) char *token = test_token(header, claims, key);
    return verdict(stage, token, NULL, 0);
}

TEST(without_an_audience_there_is_no_guard)
{
    fake_google_env(NULL, NULL);
    struct gcp_push *push = (struct gcp_push *)1;
    struct err err = {0};
    EXPECT(gcp_push_open(&push, &err));
    EXPECT(push == NULL);
}

TEST(an_address_of_keys_that_is_none_stops_the_start)
{
    fake_google_env("PUSH_AUDIENCE", AUDIENCE, "PUSH_JWKS_URL", "certs", NULL);
    struct gcp_push *push = NULL;
    struct err err = {0};
    EXPECT(!gcp_push_open(&push, &err));
    EXPECT_INT(err.status, ERR_INPUT);
    EXPECT_STR(err.text, "PUSH_JWKS_URL is certs, want an http or https URL");
}

TEST(a_token_of_google_for_us_is_let_in)
{
    OWN(stage) struct stage s = {0};
    set(&s, "01");
    EXPECT_INT(verdict_of(&s, HEADER, CLAIMS, 0), 0);
    EXPECT_INT(verdict_of(&s, "{\"alg\":\"RS256\",\"kid\":\"key-1\"}", CLAIMS, 1), 0);
    EXPECT_INT(verdict_of(&s, HEADER,
                          "{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE "\"," TIMES "," WHO
                          "}",
                          0),
               0);
}

TEST(claims_that_are_wrong_are_refused_with_401_and_strangers_with_403)
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
         "iat is yet to come", 401},
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
         "email is else@q.iam.gserviceaccount.com, who may not push here", 403},
        {"[]", "is no JSON object", 401},
    };
    OWN(stage) struct stage s = {0};
    set(&s, "0");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *token = test_token(HEADER, rows[i].claims, 0);
        char why[512];
        EXPECT_INT(verdict(&s, token, why, sizeof(why)), rows[i].status);
        EXPECT_HAS(why, rows[i].why);
    }
}

TEST(clocks_may_differ_by_a_minute)
{
    OWN(stage) struct stage s = {0};
    set(&s, "0");
    EXPECT_INT(verdict_of(&s, HEADER,
                          "{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE
                          "\",\"iat\":1767225660,\"exp\":1767229100," WHO "}",
                          0),
               0);
    EXPECT_INT(verdict_of(&s, HEADER,
                          "{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE
                          "\",\"iat\":1767221000,\"exp\":1767225541," WHO "}",
                          0),
               0);
}

TEST(a_header_that_asks_for_anything_but_rs256_is_refused)
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
    OWN(stage) struct stage s = {0};
    set(&s, "0");
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
        EXPECT_INT(verdict_of(&s, headers[i], CLAIMS, 0), 401);
    EXPECT_INT(verdict_of(&s, "{\"alg\":\"none\",\"kid\":\"key-0\"}", CLAIMS, -1), 401);
    OWN(free) char *confused = test_token_hmac("{\"alg\":\"HS256\",\"kid\":\"key-0\"}", CLAIMS, 0);
    EXPECT_INT(verdict(&s, confused, NULL, 0), 401);
    OWN(free) char *disguised = test_token_hmac(HEADER, CLAIMS, 0);
    EXPECT_INT(verdict(&s, disguised, NULL, 0), 401);
}

TEST(a_signature_of_another_key_or_of_other_claims_is_refused)
{
    OWN(stage) struct stage s = {0};
    set(&s, "01");
    EXPECT_INT(verdict_of(&s, HEADER, CLAIMS, 1), 401);

    OWN(free) char *good = test_token(HEADER, CLAIMS, 0);
    OWN(free) char *other = test_token(
        HEADER,
        "{\"iss\":\"accounts.google.com\",\"aud\":\"" AUDIENCE "\"," TIMES "," WHO ",\"x\":1}", 0);
    OWN(free) char *spliced =
        str_format("%.*s%s", (int)(strrchr(other, '.') - other), other, strrchr(good, '.'));
    char why[512];
    EXPECT_INT(verdict(&s, spliced, why, sizeof(why)), 401);
    EXPECT_STR(why, "the token's signature is wrong");
    /* the last character but one carries six bits that count */
    char *bit = good + strlen(good) - 2;
    *bit = *bit == 'A' ? 'B' : 'A';
    EXPECT_INT(verdict(&s, good, NULL, 0), 401);
}

TEST(what_is_no_token_is_refused)
{
    OWN(stage) struct stage s = {0};
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
        EXPECT_INT(verdict(&s, rows[i], NULL, 0), 401);
    EXPECT_INT(s.fake.asked_count, 0); /* nothing of it was worth asking for keys */
}

TEST(the_scheme_is_bearer_in_any_case)
{
    OWN(stage) struct stage s = {0};
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
    EXPECT_STR(err.text, "the request carries no bearer token");
}

TEST(keys_are_fetched_once_and_kept_as_long_as_google_says)
{
    OWN(stage) struct stage s = {0};
    set(&s, "0");
    EXPECT_INT(verdict_of(&s, HEADER, CLAIMS, 0), 0);
    s.fake.now_ns += 599LL * NS_PER_SEC;
    EXPECT_INT(verdict_of(&s, HEADER, CLAIMS, 0), 0);
    EXPECT_INT(s.fake.asked_count, 1);
    s.fake.now_ns += 2LL * NS_PER_SEC;
    EXPECT_INT(verdict_of(&s, HEADER, CLAIMS, 0), 0);
    EXPECT_INT(s.fake.asked_count, 2);
}

TEST(a_new_key_is_fetched_at_once_but_made_up_ones_cause_no_traffic)
{
    OWN(stage) struct stage s = {0};
    set(&s, "0");
    static const char new_key[] = "{\"alg\":\"RS256\",\"kid\":\"key-1\"}";
    EXPECT_INT(verdict_of(&s, HEADER, CLAIMS, 0), 0);
    for (int i = 0; i < 10; i++)
        EXPECT_INT(verdict_of(&s, new_key, CLAIMS, 1), 401);
    EXPECT_INT(s.fake.asked_count, 1);

    OWN(free) char *both = test_jwks("01");
    s.rules[0].body = both;
    s.fake.now_ns += 31LL * NS_PER_SEC;
    EXPECT_INT(verdict_of(&s, new_key, CLAIMS, 1), 0);
    EXPECT_INT(s.fake.asked_count, 2);
}

TEST(without_keys_the_sender_is_asked_to_come_again)
{
    OWN(stage) struct stage s = {0};
    set(&s, "0");
    s.rules[0].status = 503;
    OWN(free) char *token = test_token(HEADER, CLAIMS, 0);
    char why[512];
    EXPECT_INT(verdict(&s, token, why, sizeof(why)), ERR_UNAVAILABLE);
    EXPECT_HAS(why, "cannot get the keys of push tokens: keys.test answered 503");
    size_t asked = s.fake.asked_count;
    EXPECT_INT(verdict(&s, token, NULL, 0), ERR_UNAVAILABLE);
    EXPECT_INT(s.fake.asked_count, asked); /* not for each request anew */
    s.rules[0].status = 200;
    s.fake.now_ns += 6LL * NS_PER_SEC;
    EXPECT_INT(verdict(&s, token, NULL, 0), 0);
}

TEST(keys_that_cannot_be_renewed_are_better_than_none)
{
    OWN(stage) struct stage s = {0};
    set(&s, "0");
    EXPECT_INT(verdict_of(&s, HEADER, CLAIMS, 0), 0);
    s.fake.now_ns += 700LL * NS_PER_SEC;
    s.rules[0].status = 0;
    EXPECT_INT(verdict_of(&s, HEADER, CLAIMS, 0), 0);
    EXPECT(s.fake.asked_count > 1);
}

TEST(keys_that_are_weak_or_not_for_signing_are_left_out)
{
    OWN(stage) struct stage s = {0};
    set(&s, "0");
    s.rules[0].body =
        "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"key-0\",\"n\":\"AQAB\",\"e\":\"AQAB\"},"
        "{\"kty\":\"EC\",\"kid\":\"key-0\"},7,{\"kty\":\"RSA\",\"kid\":\"key-0\",\"n\":\"***\","
        "\"e\":\"AQAB\"},{\"kty\":\"RSA\",\"use\":\"enc\",\"kid\":\"key-0\"}]}";
    EXPECT_INT(verdict_of(&s, HEADER, CLAIMS, 0), 401);
    s.rules[0].body = "{\"key\":[]}";
    s.fake.now_ns += 700LL * NS_PER_SEC;
    EXPECT_INT(verdict_of(&s, HEADER, CLAIMS, 0), ERR_UNAVAILABLE);
}

struct crowd {
    struct stage stage;
    char *authorization;
    atomic_int refused;
};

static void *check_many(void *context)
{
    struct crowd *crowd = context;
    for (int i = 0; i < 20; i++) {
        struct err err = {0};
        if (!gcp_push_check(crowd->stage.push, crowd->authorization, &err))
            atomic_fetch_add(&crowd->refused, 1);
    }
    return NULL;
}

TEST(many_threads_fetch_the_keys_once)
{
    struct crowd crowd = {.refused = 0};
    set(&crowd.stage, "0");
    OWN(free) char *token = test_token(HEADER, CLAIMS, 0);
    OWN(free) char *authorization = str_format("Bearer %s", token);
    crowd.authorization = authorization;
    pthread_t threads[8];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_create(&threads[i], NULL, check_many, &crowd);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
    EXPECT_INT(crowd.refused, 0);
    EXPECT_INT(crowd.stage.fake.asked_count, 1);
    own_stage(&crowd.stage);
}
