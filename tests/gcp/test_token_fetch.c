/* SPDX-License-Identifier: Apache-2.0 */
/* Gets tokens for each type of credentials, and sends calls with them. */
#include "gcp/auth/token_fetch.h"

#include "base/base64.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/auth/jwt.h"
#include "net/url.h"
#include "tests/helpers/fake_google.h"
#include "tests/helpers/key_files.h"
#include "tests/helpers/keys.h"
#include "tests/helpers/temp_dir.h"
#include "tests/helpers/test.h"

#include <string.h>

/* The claims of a token, decoded. New reference. */
static json_t *claims_of(const char *token)
{
    const char *dot = strchr(token, '.');
    OWN(buf) struct buf text = {0};
    struct err err = {0};
    EXPECT(base64_url_decode((struct bytes){dot + 1, strcspn(dot + 1, ".")}, &text));
    json_t *claims = json_from_bytes(buf_bytes(&text), "claims", ERR_INPUT, &err);
    EXPECT(claims != NULL);
    return claims;
}

static const char *claim(const json_t *claims, const char *name)
{
    return json_string_value(json_object_get(claims, name));
}

TEST(a_key_is_exchanged_for_a_token_by_a_signed_assertion)
{
    static const struct fake_response rules[] = {
        {.when = "POST https://tokens.test/token",
         .status = 200,
         .body = "{\"access_token\":\"ya29.c\",\"expires_in\":\"3599\",\"token_type\":\"Bearer\"}"},
    };
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    struct gcp_environment env = fake_google_environment(&fake);
    OWN(free) char *key = key_file("https://tokens.test/token", "");
    OWN(credentials) struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_key_file(key, &credentials, &err));
    struct access_token token = {0};
    EXPECT(token_fetch_from_credentials(&env, &credentials, &token, &err));
    EXPECT_STR(token.text, "ya29.c");
    EXPECT(token.expires_ns == (FAKE_GOOGLE_NOW_SEC + 3599LL) * NS_PER_SEC);
    free(token.text);

    EXPECT_STR(fake_google_header(&fake, "content-type"), "application/x-www-form-urlencoded");
    OWN(free) char *type = url_query_get(fake_google_body(&fake), "grant_type");
    EXPECT_STR(type, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    OWN(free) char *assertion = url_query_get(fake_google_body(&fake), "assertion");
    json_auto_t *claims = claims_of(assertion);
    EXPECT_STR(claim(claims, "iss"), "robot@key-project.iam.gserviceaccount.com");
    EXPECT_STR(claim(claims, "aud"), "https://tokens.test/token");
    EXPECT_STR(claim(claims, "scope"), "https://www.googleapis.com/auth/cloud-platform");
    EXPECT(json_integer_value(json_object_get(claims, "iat")) == FAKE_GOOGLE_NOW_SEC);
    EXPECT(json_integer_value(json_object_get(claims, "exp")) == FAKE_GOOGLE_NOW_SEC + 3600);
    OWN(jwt_keys) struct jwt_keys keys = {0};
    OWN(free) char *set = test_jwks("0");
    EXPECT(jwt_keys_from_json(bytes_of(set), &keys, &err));
    OWN(free) char *kid = jwt_rs256_kid(assertion, &err);
    EXPECT_STR(kid, "key-0");
    json_auto_t *verified = jwt_rs256_verify(assertion, jwt_keys_find(&keys, kid), &err);
    EXPECT(verified != NULL);
}

TEST(a_key_signs_its_own_token_for_apis_that_accept_it)
{
    static const struct fake_response rules[] = {
        {.when = "oauth2.googleapis.com",
         .status = 200,
         .body = "{\"access_token\":\"exchanged\",\"expires_in\":3599}"},
        {.when = "", .status = 200, .body = "{}"},
    };
    OWN(temp_dir) struct temp_dir folder = temp_dir_new();
    OWN(free) char *key = key_file(GOOGLE_TOKEN_URL, "");
    OWN(free) char *path = temp_dir_add_file(&folder, "key.json", key);
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    fake_google_env("GOOGLE_APPLICATION_CREDENTIALS", path, NULL);
    struct err err = {0};
    OWN(gcp) struct gcp *gcp = fake_google_open(&fake, 0, &err);
    EXPECT(gcp_topic_get(gcp, "testing", &err));
    EXPECT_INT(fake.request_count, 1); /* no request to the token server */
    const char *authorization = fake_google_header(&fake, "authorization");
    json_auto_t *claims = claims_of(authorization + strlen("Bearer "));
    EXPECT_STR(claim(claims, "aud"), "https://pubsub.googleapis.com/");
    EXPECT_STR(claim(claims, "sub"), "robot@key-project.iam.gserviceaccount.com");

    OWN(gcp_names) struct gcp_names names = {0};
    EXPECT(gcp_storage_list(gcp, "pictures", NULL, &names, &err));
    EXPECT_STR(fake_google_header(&fake, "authorization"), "Bearer exchanged");
}

TEST(a_user_token_is_refreshed)
{
    static const struct fake_response rules[] = {
        {.when = "POST https://oauth2.googleapis.com/token",
         .status = 200,
         .body = "{\"access_token\":\"ya29.u\",\"expires_in\":3599,\"scope\":\"x\"}"},
    };
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    struct gcp_environment env = fake_google_environment(&fake);
    OWN(credentials) struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_key_file(USER_CREDENTIALS, &credentials, &err));
    struct access_token token = {0};
    EXPECT(token_fetch_from_credentials(&env, &credentials, &token, &err));
    EXPECT_STR(token.text, "ya29.u");
    free(token.text);
    EXPECT_STR(fake_google_body(&fake), "grant_type=refresh_token&client_id=id.apps&client_secret="
                                        "s%26cret&refresh_token=1%2F%2Fr");
}

TEST(an_external_users_new_refresh_token_replaces_the_old)
{
    static const struct fake_response rules[] = {
        {.when = STS_TOKEN_URL,
         .status = 200,
         .body = "{\"access_token\":\"t\",\"expires_in\":3599,\"refresh_token\":\"r2\"}"},
    };
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    struct gcp_environment env = fake_google_environment(&fake);
    OWN(credentials) struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_key_file(
        "{\"type\":\"external_account_authorized_user\",\"client_id\":\"i\","
        "\"client_secret\":\"s:1\",\"refresh_token\":\"r1\",\"token_url\":\"" STS_TOKEN_URL "\"}",
        &credentials, &err));
    for (int i = 1; i <= 2; i++) {
        struct access_token token = {0};
        EXPECT(token_fetch_from_credentials(&env, &credentials, &token, &err));
        free(token.text);
        OWN(free) char *want = str_format("grant_type=refresh_token&refresh_token=r%d", i);
        EXPECT_STR(fake_google_body(&fake), want);
    }
    EXPECT_STR(fake_google_header(&fake, "authorization"), "Basic aTpzJTNBMQ=="); /* i:s%3A1 */
}

TEST(impersonation_uses_the_token_of_the_source)
{
    static const struct fake_response rules[] = {
        {.when = GOOGLE_TOKEN_URL,
         .status = 200,
         .body = "{\"access_token\":\"source\",\"expires_in\":3599}"},
        {.when = "POST " IMPERSONATION_URL,
         .status = 200,
         .body = "{\"accessToken\":\"ya29.i\",\"expireTime\":\"2026-01-01T01:00:00Z\"}"},
    };
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    struct gcp_environment env = fake_google_environment(&fake);
    OWN(credentials) struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_key_file("{\"type\":\"impersonated_service_account\",\"delegates\":[\"d\"],"
                         "\"service_account_impersonation_url\":\"" IMPERSONATION_URL
                         "\",\"source_credentials\":" USER_CREDENTIALS "}",
                         &credentials, &err));
    struct access_token token = {0};
    EXPECT(token_fetch_from_credentials(&env, &credentials, &token, &err));
    EXPECT_STR(token.text, "ya29.i");
    EXPECT(token.expires_ns == (FAKE_GOOGLE_NOW_SEC + 3600LL) * NS_PER_SEC);
    free(token.text);
    EXPECT_STR(fake_google_header(&fake, "authorization"), "Bearer source");
    EXPECT_STR(fake_google_body(&fake),
               "{\"scope\":[\"https://www.googleapis.com/auth/cloud-platform\"],"
               "\"lifetime\":\"3600s\",\"delegates\":[\"d\"]}");
}

TEST(a_subject_token_is_read_from_its_file_for_each_exchange)
{
    static const struct fake_response rules[] = {
        {.when = "POST " STS_TOKEN_URL,
         .status = 200,
         .body =
             "{\"access_token\":\"federated\",\"issued_token_type\":\"x\",\"expires_in\":3599}"},
        {.when = "POST " IMPERSONATION_URL,
         .status = 200,
         .body = "{\"accessToken\":\"ya29.w\",\"expireTime\":\"2026-01-01T00:10:00Z\"}"},
    };
    OWN(temp_dir) struct temp_dir folder = temp_dir_new();
    OWN(free) char *subject = temp_dir_add_file(&folder, "token", "first\n");
    OWN(free) char *text =
        str_format("{\"type\":\"external_account\",\"audience\":\"//iam/x\",\"subject_token_type\":"
                   "\"urn:ietf:params:oauth:token-type:jwt\",\"token_url\":\"" STS_TOKEN_URL "\","
                   "\"service_account_impersonation_url\":\"" IMPERSONATION_URL "\","
                   "\"service_account_impersonation\":{\"token_lifetime_seconds\":600},"
                   "\"credential_source\":{\"file\":\"%s\",\"format\":{\"type\":\"text\"}}}",
                   subject);
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    struct gcp_environment env = fake_google_environment(&fake);
    OWN(credentials) struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_key_file(text, &credentials, &err));
    struct access_token token = {0};
    EXPECT(token_fetch_from_credentials(&env, &credentials, &token, &err));
    EXPECT_STR(token.text, "ya29.w");
    free(token.text);
    EXPECT_STR(fake.requests[0].body,
               "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&audience=%2F%"
               "2Fiam%2Fx&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform&requested_"
               "token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&subject_token="
               "first&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt");
    EXPECT_STR(fake_google_header(&fake, "authorization"), "Bearer federated");
    EXPECT_HAS(fake_google_body(&fake), "\"lifetime\":\"600s\"");

    temp_dir_write(&folder, "token", "second");
    struct access_token next = {0};
    EXPECT(token_fetch_from_credentials(&env, &credentials, &next, &err));
    free(next.text);
    EXPECT_HAS(fake.requests[2].body, "&subject_token=second&");
}

TEST(a_subject_token_is_read_from_a_url_as_json)
{
    static const struct fake_response rules[] = {
        {.when = "GET http://169.254.169.254/identity?api-version=1",
         .status = 200,
         .body = "{\"access_token\":\"azure\"}"},
        {.when = STS_TOKEN_URL,
         .status = 200,
         .body = "{\"access_token\":\"t\",\"expires_in\":3599}"},
    };
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    struct gcp_environment env = fake_google_environment(&fake);
    OWN(credentials) struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_key_file("{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":"
                         "\"jwt\",\"token_url\":\"" STS_TOKEN_URL
                         "\",\"workforce_pool_user_project\":\"wp\","
                         "\"credential_source\":{\"url\":\"http://169.254.169.254/"
                         "identity?api-version=1\",\"headers\":{\"Metadata\":\"True\"},\"format\":{"
                         "\"type\":\"json\",\"subject_token_field_name\":\"access_token\"}}}",
                         &credentials, &err));
    struct access_token token = {0};
    EXPECT(token_fetch_from_credentials(&env, &credentials, &token, &err));
    free(token.text);
    EXPECT_STR(headers_get(&fake.requests[0].headers, "metadata"), "True");
    EXPECT_HAS(fake_google_body(&fake), "&subject_token=azure&");
    EXPECT_HAS(fake_google_body(&fake), "&options=%7B%22userProject%22%3A%22wp%22%7D");
}

TEST(a_refusal_names_the_reason_and_the_remedy)
{
    OWN(free) char *key = key_file(GOOGLE_TOKEN_URL, "");
    const struct {
        const char *file, *reply, *text;
    } rows[] = {
        {key, "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT Signature.\"}",
         "no access token for /keys/k.json: oauth2.googleapis.com answered 400 invalid_grant: "
         "Invalid JWT Signature; the key or its account may have been deleted: create a new key"},
        {key,
         "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT: Token must be a "
         "short-lived token (60 minutes) and in a reasonable timeframe.\"}",
         "; check this machine's clock"},
        {USER_CREDENTIALS,
         "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired or "
         "revoked.\"}",
         "Token has been expired or revoked; log in again with gcloud auth application-default "
         "login"},
        {USER_CREDENTIALS, "{\"error\":\"invalid_grant\",\"error_subtype\":\"invalid_rapt\"}",
         "log in again with gcloud auth application-default login"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct fake_response rules[] = {{.when = "", .status = 400, .body = rows[i].reply}};
        OWN(fake_google) struct fake_google fake;
        fake_google_init(&fake, rules, ARRAY_SIZE(rules));
        struct gcp_environment env = fake_google_environment(&fake);
        OWN(credentials) struct credentials credentials = {0};
        struct err err = {0};
        EXPECT(read_key_file(rows[i].file, &credentials, &err));
        struct access_token token = {0};
        EXPECT(!token_fetch_from_credentials(&env, &credentials, &token, &err));
        EXPECT_INT(err.status, ERR_UNAUTHORIZED);
        EXPECT_STR(err.reason, "invalid_grant");
        EXPECT_HAS(err.text, rows[i].text);
        EXPECT_INT(fake.request_count, 1);
    }
}

TEST(a_failing_token_server_is_called_three_times)
{
    static const struct fake_response rules[] = {
        {.when = "", .status = 400, .body = "{\"error\":\"internal_failure\"}", .times = 2},
        {.when = "", .status = 503},
    };
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    struct gcp_environment env = fake_google_environment(&fake);
    OWN(credentials) struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_key_file(USER_CREDENTIALS, &credentials, &err));
    struct access_token token = {0};
    EXPECT(!token_fetch_from_credentials(&env, &credentials, &token, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_INT(fake.request_count, 3);
}

TEST(a_machine_without_a_service_account_is_reported)
{
    static const struct fake_response rules[] = {{.when = "/token", .status = 404},
                                                 {.when = "/project-id", .status = 404},
                                                 {.when = "GET http://metadata.google.internal/",
                                                  .status = 200,
                                                  .header = "Metadata-Flavor: Google"}};
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    fake_google_env("GOOGLE_CLOUD_PROJECT", "p", NULL);
    struct err err = {0};
    OWN(gcp) struct gcp *gcp = fake_google_open(&fake, GCP_PUBSUB, &err);
    EXPECT_STR(err.text, "");
    EXPECT(!gcp_topic_get(gcp, "testing", &err));
    EXPECT_INT(err.status, ERR_UNAUTHORIZED);
    EXPECT_HAS(err.text, "no service account is attached to this machine");
}

TEST(an_invalid_response_of_a_token_server_is_502)
{
    static const struct {
        const char *body, *text;
    } rows[] = {
        {"<html>", "is not valid JSON"},
        {"{}", "access_token is missing, want a string"},
        {"{\"access_token\":7}", "access_token is a number, want a string"},
        {"{\"access_token\":\"t\",\"expires_in\":0}", "expires_in"},
        {"{\"access_token\":\"t\",\"expires_in\":\"soon\"}", "expires_in"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct fake_response rules[] = {{.when = "", .status = 200, .body = rows[i].body}};
        OWN(fake_google) struct fake_google fake;
        fake_google_init(&fake, rules, ARRAY_SIZE(rules));
        struct gcp_environment env = fake_google_environment(&fake);
        OWN(credentials) struct credentials credentials = {0};
        struct err err = {0};
        EXPECT(read_key_file(USER_CREDENTIALS, &credentials, &err));
        struct access_token token = {0};
        EXPECT(!token_fetch_from_credentials(&env, &credentials, &token, &err));
        EXPECT_INT(err.status, ERR_UPSTREAM);
        EXPECT_HAS(err.text, rows[i].text);
    }
}

TEST(a_missing_subject_token_is_a_temporary_error)
{
    OWN(temp_dir) struct temp_dir folder = temp_dir_new();
    OWN(free) char *subject = temp_dir_add_file(&folder, "token", "x");
    OWN(free) char *text =
        str_format("{\"type\":\"external_account\",\"audience\":\"a\","
                   "\"subject_token_type\":\"jwt\",\"token_url\":\"" STS_TOKEN_URL "\","
                   "\"credential_source\":{\"file\":\"%s\"}}",
                   subject);
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, NULL, 0);
    struct gcp_environment env = fake_google_environment(&fake);
    OWN(credentials) struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_key_file(text, &credentials, &err));
    struct access_token token = {0};

    temp_dir_write(&folder, "token", " \n");
    EXPECT(!token_fetch_from_credentials(&env, &credentials, &token, &err));
    EXPECT_HAS(err.text, "subject token: is empty");
    EXPECT_INT(unlink(subject), 0);
    err = (struct err){0};
    EXPECT(!token_fetch_from_credentials(&env, &credentials, &token, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_HAS(err.text, "No such file or directory");
    EXPECT_INT(fake.request_count, 0);
}

TEST(an_invalid_response_to_an_impersonation_is_502)
{
    static const struct {
        const char *body, *text;
    } rows[] = {
        {"{\"expireTime\":\"2026-01-01T01:00:00Z\"}", "accessToken is missing, want a string"},
        {"{\"accessToken\":\"t\",\"expireTime\":\"soon\"}", "expireTime is soon, want a timestamp"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct fake_response rules[] = {
            {.when = GOOGLE_TOKEN_URL,
             .status = 200,
             .body = "{\"access_token\":\"source\",\"expires_in\":3599}"},
            {.when = "", .status = 200, .body = rows[i].body}};
        OWN(fake_google) struct fake_google fake;
        fake_google_init(&fake, rules, ARRAY_SIZE(rules));
        struct gcp_environment env = fake_google_environment(&fake);
        OWN(credentials) struct credentials credentials = {0};
        struct err err = {0};
        EXPECT(read_key_file("{\"type\":\"impersonated_service_account\","
                             "\"service_account_impersonation_url\":\"" IMPERSONATION_URL
                             "\",\"source_credentials\":" USER_CREDENTIALS "}",
                             &credentials, &err));
        struct access_token token = {0};
        EXPECT(!token_fetch_from_credentials(&env, &credentials, &token, &err));
        EXPECT_INT(err.status, ERR_UPSTREAM);
        EXPECT_HAS(err.text, rows[i].text);
    }
}
