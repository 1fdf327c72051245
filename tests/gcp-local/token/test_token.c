/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local/token: keys, valid and forged assertions, access tokens. */
#include "base/base64.h"
#include "base/file.h"
#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/token/access_grant.h"
#include "gcp-local/token/account.h"
#include "gcp-local/token/assertion.h"
#include "gcp-local/token/rsa_key.h"
#include "gcp-local/token/signer.h"
#include "gcp/auth/jwt.h"
#include "gcp/auth/jwt_sign.h"
#include "tests/helpers/test.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static const char email[] = "robot@demo.iam.gserviceaccount.com";
static const char host[] = "127.0.0.1:8585";
static const char scope[] = "https://www.googleapis.com/auth/pubsub";
static const int64_t now = 1700000000;

/* The keys of two accounts. */
struct accounts {
    char path[40];
    char *kid, *pem;             /* of robot */
    char *other_kid, *other_pem; /* of another account */
};

static void create_key(const struct accounts *accounts, const char *account, char **kid, char **pem)
{
    struct err err = {0};
    OWN(free) char *text =
        account_key_create(accounts->path, account, "demo", "http://127.0.0.1:8585/token", &err);
    json_auto_t *file = json_from_bytes(bytes_of(text), "key", ERR_INPUT, &err);
    *kid = str_copy(json_string_value(json_object_get(file, "private_key_id")));
    *pem = str_copy(json_string_value(json_object_get(file, "private_key")));
    EXPECT(*kid && *pem);
}

static struct accounts accounts_new(void)
{
    struct accounts accounts = {.path = "/tmp/test_token.XXXXXX"};
    EXPECT(mkdtemp(accounts.path) != NULL);
    create_key(&accounts, email, &accounts.kid, &accounts.pem);
    create_key(&accounts, "other@demo.iam.gserviceaccount.com", &accounts.other_kid,
               &accounts.other_pem);
    return accounts;
}

static void own_accounts(struct accounts *accounts)
{
    struct err err = {0};
    EXPECT(file_remove_tree(accounts->path, &err));
    free(accounts->kid);
    free(accounts->pem);
    free(accounts->other_kid);
    free(accounts->other_pem);
}

static json_t *claims_new(void)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", email, "scope", scope, "aud",
                     "https://oauth2.googleapis.com/token", "iat", (json_int_t)now, "exp",
                     (json_int_t)(now + 3600));
}

static struct err refusal_of(const struct accounts *accounts, const char *jwt)
{
    struct err err = {0};
    OWN(assertion) struct assertion assertion = {0};
    EXPECT(!assertion_read(accounts->path, jwt, host, now, &assertion, &err));
    EXPECT(assertion.email == NULL);
    return err;
}

TEST(an_assertion_signed_by_an_accounts_key_is_accepted)
{
    OWN(accounts) struct accounts accounts = accounts_new();
    json_auto_t *claims = claims_new();
    struct err err = {0};
    const char *const kids[] = {accounts.kid, NULL}; /* a token need not name its key */
    for (size_t i = 0; i < ARRAY_SIZE(kids); i++) {
        OWN(free) char *jwt = jwt_sign(claims, kids[i], accounts.pem, &err);
        OWN(assertion) struct assertion assertion = {0};
        EXPECT(assertion_read(accounts.path, jwt, host, now, &assertion, &err));
        EXPECT_STR(assertion.email, email);
        EXPECT_STR(assertion.scope, scope);
    }
}

TEST(invalid_claims_get_googles_errors)
{
    static const struct {
        const char *claim; /* replaced by this JSON value; removed when NULL */
        const char *value;
        const char *reason, *text;
    } rows[] = {
        {"iss", "\"nobody@demo.iam.gserviceaccount.com\"", "invalid_grant", "Signature"},
        {"iss", "\"other@demo.iam.gserviceaccount.com\"", "invalid_grant", "Signature"},
        {"iss", "7", "invalid_grant", "iss"},
        {"iss", NULL, "invalid_grant", "iss"},
        {"exp", "1699999999", "invalid_grant", "iat and exp"},
        {"exp", "1700000000", "invalid_grant", "iat and exp"},
        {"exp", "1700003601", "invalid_grant", "iat and exp"},
        {"exp", "\"soon\"", "invalid_grant", "iat and exp"},
        {"exp", NULL, "invalid_grant", "iat and exp"},
        {"exp", "1e300", "invalid_grant", "iat and exp"},
        {"iat", "1700000300", "invalid_grant", "iat and exp"},
        {"iat", "1699996000", "invalid_grant", "iat and exp"},
        {"iat", NULL, "invalid_grant", "iat and exp"},
        {"aud", "\"https://example.com/token\"", "invalid_grant", "audience"},
        {"aud", "\"http://127.0.0.1:8585/token/more\"", "invalid_grant", "audience"},
        {"aud", "\"http://127.0.0.1:85850/token\"", "invalid_grant", "audience"},
        {"aud", NULL, "invalid_grant", "audience"},
        {"scope", NULL, "invalid_scope", "Invalid OAuth scope"},
        {"scope", "\"\"", "invalid_scope", "Invalid OAuth scope"},
        {"scope", "\" \"", "invalid_scope", "Invalid OAuth scope"},
        {"scope", "\"everything\"", "invalid_scope", "Invalid OAuth scope"},
        {"scope", "[\"https://www.googleapis.com/auth/pubsub\"]", "invalid_scope", "Invalid OAuth"},
        {"sub", "\"boss@example.com\"", "unauthorized_client", "unauthorized"},
    };
    OWN(accounts) struct accounts accounts = accounts_new();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_auto_t *claims = claims_new();
        struct err err = {0};
        json_object_del(claims, rows[i].claim);
        if (rows[i].value)
            json_object_set_new(claims, rows[i].claim,
                                json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
        OWN(free) char *jwt = jwt_sign(claims, accounts.kid, accounts.pem, &err);
        struct err refusal = refusal_of(&accounts, jwt);
        EXPECT_STR(refusal.reason, rows[i].reason);
        EXPECT_HAS(refusal.text, rows[i].text);
    }
}

TEST(google_and_this_server_are_accepted_as_audience)
{
    static const char *const audiences[] = {
        "https://oauth2.googleapis.com/token",
        "https://accounts.google.com/o/oauth2/token",
        "https://www.googleapis.com/oauth2/v4/token",
        "http://127.0.0.1:8585/token",
        "https://127.0.0.1:8585/token",
    };
    OWN(accounts) struct accounts accounts = accounts_new();
    for (size_t i = 0; i < ARRAY_SIZE(audiences); i++) {
        json_auto_t *claims = claims_new();
        struct err err = {0};
        json_object_set_new(claims, "aud", json_string(audiences[i]));
        OWN(free) char *jwt = jwt_sign(claims, accounts.kid, accounts.pem, &err);
        OWN(assertion) struct assertion assertion = {0};
        EXPECT(assertion_read(accounts.path, jwt, host, now, &assertion, &err));
    }
}

TEST(clocks_may_be_a_minute_ahead)
{
    OWN(accounts) struct accounts accounts = accounts_new();
    json_auto_t *claims = claims_new();
    json_object_set_new(claims, "iat", json_integer(now + 59));
    struct err err = {0};
    OWN(free) char *jwt = jwt_sign(claims, accounts.kid, accounts.pem, &err);
    OWN(assertion) struct assertion assertion = {0};
    EXPECT(assertion_read(accounts.path, jwt, host, now, &assertion, &err));
}

/* A token with this header, signed by HMAC with this key; NULL leaves the signature empty. */
static char *forged(const char *header, const json_t *claims, const char *key)
{
    OWN(free) char *text = json_to_text(claims);
    OWN(free) char *first = base64_url_encode(bytes_of(header));
    OWN(free) char *second = base64_url_encode(bytes_of(text));
    OWN(free) char *both = str_format("%s.%s", first, second);
    unsigned char digest[32];
    HMAC(EVP_sha256(), key ? key : "", key ? (int)strlen(key) : 0, (unsigned char *)both,
         strlen(both), digest, NULL);
    OWN(free) char *third = base64_url_encode((struct bytes){(char *)digest, 32});
    return str_format("%s.%s", both, key ? third : "");
}

TEST(a_token_with_alg_none_is_rejected)
{
    OWN(accounts) struct accounts accounts = accounts_new();
    json_auto_t *claims = claims_new();
    static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"None\"}", "{}"};
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        OWN(free) char *empty = forged(headers[i], claims, NULL);
        OWN(free) char *filled = forged(headers[i], claims, "x");
        EXPECT_STR(refusal_of(&accounts, empty).reason, "invalid_grant");
        EXPECT_STR(refusal_of(&accounts, filled).reason, "invalid_grant");
    }
}

TEST(hs256_keyed_with_the_public_key_is_rejected)
{
    OWN(accounts) struct accounts accounts = accounts_new();
    json_auto_t *claims = claims_new();
    struct err err = {0};
    OWN(free) char *public_pem = rsa_key_public_pem(accounts.pem, &err);
    OWN(free) char *header =
        str_format("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", accounts.kid);
    OWN(free) char *jwt = forged(header, claims, public_pem);
    EXPECT_HAS(refusal_of(&accounts, jwt).text, "RS256");
    OWN(free) char *lie = str_format("{\"alg\":\"RS256\",\"kid\":\"%s\"}", accounts.kid);
    OWN(free) char *lying = forged(lie, claims, public_pem);
    EXPECT_STR(refusal_of(&accounts, lying).text, "Invalid JWT Signature.");
}

TEST(another_accounts_key_and_an_unknown_key_are_rejected)
{
    OWN(accounts) struct accounts accounts = accounts_new();
    json_auto_t *claims = claims_new();
    const struct {
        const char *kid, *pem;
    } rows[] = {
        {accounts.other_kid, accounts.other_pem},
        {accounts.kid, accounts.other_pem},
        {NULL, accounts.other_pem},
        {"0123456789012345678901234567890123456789", accounts.pem},
        {"../accounts/x", accounts.pem},
        {"", accounts.pem},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        OWN(free) char *jwt = jwt_sign(claims, rows[i].kid, rows[i].pem, &err);
        EXPECT_STR(refusal_of(&accounts, jwt).text, "Invalid JWT Signature.");
    }
    json_object_set_new(claims, "iss", json_string("nobody@demo.iam.gserviceaccount.com"));
    struct err err = {0};
    OWN(free) char *jwt = jwt_sign(claims, NULL, accounts.pem, &err);
    EXPECT_STR(refusal_of(&accounts, jwt).text, "Invalid grant: account not found");
}

TEST(malformed_tokens_are_rejected)
{
    OWN(accounts) struct accounts accounts = accounts_new();
    json_auto_t *claims = claims_new();
    struct err err = {0};
    OWN(free) char *good = jwt_sign(claims, accounts.kid, accounts.pem, &err);
    OWN(free) char *more = str_format("%s.x", good);
    OWN(free) char *padded = str_format("%s==", good);
    OWN(free) char *flipped = str_copy(good);
    char *middle = strchr(flipped, '.') + 9;
    *middle = *middle == 'A' ? 'B' : 'A';
    OWN(free) char *cut = str_copy(good);
    cut[strlen(cut) - 3] = '\0';
    OWN(free) char *huge = alloc_zeroed(100001);
    memset(huge, 'a', 100000);
    const char *const rows[] = {"",   ".",  "..",   "a.b",   "a.b.c", "e30.e30.", "bm8.e30.e30",
                                more, huge, padded, flipped, cut,     "%%.%%.%%", "{}.{}.{}"};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        EXPECT_STR(refusal_of(&accounts, rows[i]).reason, "invalid_grant");
}

TEST(an_access_token_is_valid_until_it_expires_and_only_with_its_secret)
{
    struct token_secret secret = {{1}}, other = {{2}};
    struct access_grant grant = {(char *)email, (char *)scope, now + 60};
    OWN(free) char *token = access_grant_to_token(&secret, &grant);
    struct err late = {0}, foreign = {0}, err = {0};
    OWN(access_grant) struct access_grant read = {0};
    EXPECT(access_grant_from_token(&secret, token, now + 59, &read, &err));
    EXPECT_STR(read.email, email);
    EXPECT_STR(read.scope, scope);
    struct access_grant none = {0};
    EXPECT(!access_grant_from_token(&secret, token, now + 60, &none, &late));
    EXPECT_STR(late.reason, "ACCESS_TOKEN_EXPIRED");
    EXPECT(!access_grant_from_token(&other, token, now, &none, &foreign));
    EXPECT_STR(foreign.reason, "ACCESS_TOKEN_TYPE_UNSUPPORTED");
}

TEST(an_access_token_with_any_character_changed_is_rejected)
{
    struct token_secret secret = {{1}};
    struct access_grant grant = {(char *)email, (char *)scope, now + 60};
    OWN(free) char *token = access_grant_to_token(&secret, &grant);
    for (size_t i = 0; token[i]; i++) {
        OWN(free) char *changed = str_copy(token);
        changed[i] ^= 1;
        struct err err = {0};
        struct access_grant none = {0};
        EXPECT(!access_grant_from_token(&secret, changed, now, &none, &err));
    }
}

TEST(a_grant_covers_its_scopes_and_cloud_platform_covers_all)
{
    char all[] = "openid https://www.googleapis.com/auth/cloud-platform", one[] = "a b";
    struct access_grant platform = {NULL, all, 0}, some = {NULL, one, 0};
    EXPECT(access_grant_covers(&platform, "x"));
    EXPECT(access_grant_covers(&some, "x b"));
    EXPECT(!access_grant_covers(&some, "ab"));
    EXPECT(!access_grant_covers(&some, ""));
}

TEST(accounts_are_names_or_addresses)
{
    static const struct {
        const char *account, *want;
    } rows[] = {
        {"robot", "robot@demo.iam.gserviceaccount.com"},
        {"me@example.com", "me@example.com"},
        {"", NULL},
        {"@", NULL},
        {"a@b@c", NULL},
        {"../x", NULL},
        {"a b", NULL},
        {"a\n@b", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        OWN(free) char *got = account_email(rows[i].account, "demo", &err);
        if (rows[i].want)
            EXPECT_STR(got, rows[i].want);
        else
            EXPECT(got == NULL && err.status == ERR_INPUT);
    }
}

TEST(an_id_token_is_verified_by_the_published_key)
{
    OWN(accounts) struct accounts accounts = accounts_new();
    OWN(free) char *path = str_format("%s/signing-key.pem", accounts.path);
    struct err err = {0};
    struct signer *signer = signer_open(path);
    OWN(free) char *token = signer_id_token(signer, email, "https://example.com/push", &err);
    json_auto_t *set = signer_key_set(signer, &err);
    OWN(free) char *text = json_to_text(set);
    signer_close(signer);

    OWN(jwt_keys) struct jwt_keys keys = {0};
    EXPECT(jwt_keys_from_json(bytes_of(text), &keys, &err));
    OWN(free) char *kid = jwt_rs256_kid(token, &err);
    const struct jwt_key *key = jwt_keys_find(&keys, kid);
    json_auto_t *claims = jwt_rs256_verify(token, key, &err);
    struct jread at = jread_open(claims, "claims", ERR_INPUT, &err);
    EXPECT_STR(jread_str(&at, "iss"), "https://accounts.google.com");
    EXPECT_STR(jread_str(&at, "aud"), "https://example.com/push");
    EXPECT_STR(jread_str(&at, "email"), email);
    EXPECT(jread_bool_or(&at, "email_verified", false));
    EXPECT_INT(jread_int64(&at, "exp", 0, INT64_MAX) - jread_int64(&at, "iat", 0, INT64_MAX), 3600);
    EXPECT(jread_ok(&at));
}

TEST(the_signing_key_survives_a_restart)
{
    OWN(accounts) struct accounts accounts = accounts_new();
    OWN(free) char *path = str_format("%s/signing-key.pem", accounts.path);
    struct err err = {0};
    struct signer *first = signer_open(path), *second = signer_open(path);
    EXPECT_STR(signer_kid(first, &err), signer_kid(second, &err));
    signer_close(first);
    signer_close(second);
}
