/* SPDX-License-Identifier: Apache-2.0 */
/* gcp/client/google_call: calls that carry a token, and the hosts that they go to. */
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

TEST(a_refused_token_is_renewed_once)
{
    static const struct fake_response rules[] = {
        {.when = "oauth2",
         .status = 200,
         .body = "{\"access_token\":\"old\",\"expires_in\":3599}",
         .times = 1},
        {.when = "oauth2", .status = 200, .body = "{\"access_token\":\"new\",\"expires_in\":3599}"},
        {.when = "/topics/", .status = 401, .body = "{\"error\":{\"code\":401}}", .times = 1},
        {.when = "/topics/good", .status = 200, .body = "{}"},
        {.when = "", .status = 401, .body = "{\"error\":{\"status\":\"UNAUTHENTICATED\"}}"},
    };
    OWN(temp_dir) struct temp_dir folder = temp_dir_new();
    OWN(free) char *path = temp_dir_add_file(&folder, "user.json", USER_CREDENTIALS);
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    fake_google_env("GOOGLE_APPLICATION_CREDENTIALS", path, "GOOGLE_CLOUD_PROJECT", "p", NULL);
    struct err err = {0};
    OWN(gcp) struct gcp *gcp = fake_google_open(&fake, GCP_PUBSUB, &err);
    EXPECT(gcp_topic_get(gcp, "good", &err));
    EXPECT_STR(fake_google_header(&fake, "authorization"), "Bearer new");
    EXPECT_INT(fake.request_count, 4);

    EXPECT(!gcp_topic_get(gcp, "bad", &err));
    EXPECT_INT(err.status, ERR_UNAUTHORIZED);
    EXPECT_INT(fake.request_count, 7); /* call, token, call: no more */
}

TEST(an_endpoint_override_is_called_with_credentials)
{
    static const struct fake_response rules[] = {
        {.when = "https://tokens.test/",
         .status = 200,
         .body = "{\"access_token\":\"t\",\"expires_in\":3599}"},
        {.when = "", .status = 200, .body = "{}"},
    };
    OWN(temp_dir) struct temp_dir folder = temp_dir_new();
    OWN(free) char *key = key_file("https://tokens.test/token", "");
    OWN(free) char *path = temp_dir_add_file(&folder, "key.json", key);
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    fake_google_env("GOOGLE_APPLICATION_CREDENTIALS", path, "GOOGLE_CLOUD_PROJECT", "demo-x",
                    "CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB", "http://localhost:8585/", NULL);
    struct err err = {0};
    OWN(gcp) struct gcp *gcp = fake_google_open(&fake, GCP_PUBSUB, &err);
    EXPECT_STR(err.text, "");
    EXPECT(gcp_topic_get(gcp, "testing", &err));
    EXPECT_STR(fake_google_line(&fake),
               "GET http://localhost:8585/v1/projects/demo-x/topics/testing");
    EXPECT_STR(fake_google_header(&fake, "authorization"), "Bearer t");
}

TEST(another_universe_has_other_host_names)
{
    OWN(temp_dir) struct temp_dir folder = temp_dir_new();
    OWN(free) char *key =
        key_file("https://tokens.test/token", ",\"universe_domain\":\"example.goog\"");
    OWN(free) char *path = temp_dir_add_file(&folder, "key.json", key);
    static const struct fake_response rules[] = {
        {.when = "https://tokens.test/",
         .status = 200,
         .body = "{\"access_token\":\"t\",\"expires_in\":3599}"},
        {.when = "GET https://pubsub.example.goog/v1/", .status = 200, .body = "{}"},
    };
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    fake_google_env("GOOGLE_APPLICATION_CREDENTIALS", path, NULL);
    struct err err = {0};
    OWN(gcp) struct gcp *gcp = fake_google_open(&fake, GCP_PUBSUB, &err);
    EXPECT(gcp_topic_get(gcp, "testing", &err));
    EXPECT_STR(err.text, "");
}
