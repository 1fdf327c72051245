/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials: files, their errors, and the order in which they are found. */
#include "gcp/auth/credentials.h"

#include "base/str.h"
#include "tests/helpers/fake_google.h"
#include "tests/helpers/key_files.h"
#include "tests/helpers/temp_dir.h"
#include "tests/helpers/test.h"

#include <string.h>
#include <sys/stat.h>

TEST(each_type_of_file_is_read)
{
    OWN(free) char *key = key_file(GOOGLE_TOKEN_URL, "");
    OWN(temp_dir) struct temp_dir folder = temp_dir_new();
    OWN(free) char *subject = temp_dir_add_file(&folder, "token", "x");
    OWN(free) char *external =
        str_format("{\"type\":\"external_account\",\"audience\":\"//iam/x\","
                   "\"subject_token_type\":\"jwt\",\"token_url\":\"" STS_TOKEN_URL "\","
                   "\"credential_source\":{\"file\":\"%s\"}}",
                   subject);
    const struct {
        const char *text;
        enum credentials_type type;
    } rows[] = {
        {key, CREDENTIALS_SERVICE_ACCOUNT},
        {USER_CREDENTIALS, CREDENTIALS_USER},
        {external, CREDENTIALS_EXTERNAL_ACCOUNT},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"jwt\","
         "\"token_url\":\"" STS_TOKEN_URL
         "\",\"credential_source\":{\"url\":\"http://x/\",\"headers\":{"
         "\"Metadata\":\"True\"},\"format\":{\"type\":\"json\",\"subject_token_field_name\":"
         "\"access_token\"}}}",
         CREDENTIALS_EXTERNAL_ACCOUNT},
        {"{\"type\":\"external_account_authorized_user\",\"client_id\":\"i\",\"client_secret\":"
         "\"s\",\"refresh_token\":\"r\",\"token_url\":\"" STS_TOKEN_URL "\"}",
         CREDENTIALS_EXTERNAL_USER},
        {"{\"type\":\"impersonated_service_account\",\"service_account_impersonation_url\":"
         "\"" IMPERSONATION_URL "\",\"delegates\":[],\"source_credentials\":" USER_CREDENTIALS "}",
         CREDENTIALS_IMPERSONATED},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(credentials) struct credentials credentials = {0};
        struct err err = {0};
        EXPECT(read_key_file(rows[i].text, &credentials, &err));
        EXPECT_INT(credentials.type, rows[i].type);
        EXPECT_STR(credentials.universe, "googleapis.com");
    }
}

TEST(an_invalid_file_is_refused_with_file_field_and_remedy)
{
    static const char key_remedy[] =
        "; create a new key with gcloud iam service-accounts keys create";
    static const char user_remedy[] =
        "; create the file again with gcloud auth application-default login";
    static const char pool_remedy[] =
        "; create the file with gcloud iam workload-identity-pools create-cred-config";
    static const char any_remedy[] = "; use a file from gcloud or the Google Cloud console";
    static const struct {
        const char *text, *why, *remedy;
    } rows[] = {
        {"", "/keys/k.json: is empty, want JSON", any_remedy},
        {"{\"type\":\"service_account\",", "/keys/k.json: is not valid JSON", any_remedy},
        {"[]", "/keys/k.json: is a list, want an object", any_remedy},
        {"{}", "/keys/k.json: type is missing, want a string", any_remedy},
        {"{\"type\":\"gdch_service_account\"}",
         "/keys/k.json: type is gdch_service_account, want one of service_account", any_remedy},
        {"{\"type\":\"service_account\"}", "/keys/k.json: client_email is missing", key_remedy},
        {"{\"type\":\"service_account\",\"client_email\":\"\"}",
         "/keys/k.json: client_email is empty, want a string", key_remedy},
        {"{\"type\":\"service_account\",\"client_email\":\"e\"}",
         "/keys/k.json: private_key is missing, want a string", key_remedy},
        {"{\"type\":\"service_account\",\"client_email\":\"e\",\"private_key\":\"(PEM here)\"}",
         "/keys/k.json: private_key is not an RSA key in PEM format", key_remedy},
        {"{\"type\":\"service_account\",\"client_email\":\"e\",\"private_key\":\"x\","
         "\"token_uri\":\"ftp://x\"}",
         "/keys/k.json: token_uri is ftp://x, want an http or https URL", key_remedy},
        {"{\"type\":\"authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s\"}",
         "/keys/k.json: refresh_token is missing, want a string", user_remedy},
        {"{\"type\":\"authorized_user\",\"client_id\":7}",
         "/keys/k.json: client_id is a number, want a string", user_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS_TOKEN_URL "\"}",
         "/keys/k.json: credential_source is missing, want an object", pool_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS_TOKEN_URL "\",\"credential_source\":{}}",
         "/keys/k.json: credential_source must have either file or url", pool_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS_TOKEN_URL
         "\",\"credential_source\":{\"executable\":{\"command\":\"x\"}}}",
         "/keys/k.json: credential_source.executable is not supported; use file or url",
         pool_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS_TOKEN_URL "\",\"credential_source\":{\"environment_id\":\"aws1\"}}",
         "/keys/k.json: credential_source.environment_id is not supported", pool_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS_TOKEN_URL "\",\"credential_source\":{\"file\":\"/no/token\"}}",
         "/keys/k.json: credential_source.file is /no/token, which cannot be read: No such file",
         pool_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS_TOKEN_URL
         "\",\"credential_source\":{\"url\":\"http://x\",\"format\":{"
         "\"type\":\"xml\"}}}",
         "/keys/k.json: credential_source.format.type is xml, want text or json", pool_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS_TOKEN_URL
         "\",\"credential_source\":{\"url\":\"http://x\",\"headers\":{"
         "\"a b\":\"c\"}}}",
         "/keys/k.json: credential_source.headers.a b is not a valid header field", pool_remedy},
        {"{\"type\":\"impersonated_service_account\",\"service_account_impersonation_url\":"
         "\"" IMPERSONATION_URL
         "\",\"source_credentials\":{\"type\":\"impersonated_service_account\"}}",
         "/keys/k.json: source_credentials.type is impersonated_service_account, want one of",
         user_remedy},
        {"{\"type\":\"impersonated_service_account\",\"service_account_impersonation_url\":"
         "\"" IMPERSONATION_URL "\",\"source_credentials\":{\"type\":\"authorized_user\"}}",
         "/keys/k.json: source_credentials.client_id is missing, want a string", user_remedy},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(credentials) struct credentials credentials = {0};
        struct err err = {0};
        EXPECT(!read_key_file(rows[i].text, &credentials, &err));
        EXPECT_INT(err.status, ERR_INPUT);
        EXPECT_HAS(err.text, rows[i].why);
        EXPECT_HAS(err.text, rows[i].remedy);
    }
}

TEST(errors_in_a_file_do_not_show_its_secrets)
{
    static const char *const texts[] = {
        "{\"type\":\"service_account\",\"private_key\":SECRET}",
        "{\"private_key\":\"SECRET",
        "{\"private_key\" \"SECRET\"}",
        "{\"type\":\"authorized_user\",\"client_id\":\"i\",\"client_secret\":\"SECRET\"}",
        "{\"type\":\"service_account\",\"client_email\":\"e\",\"private_key\":\"SECRET\"}",
        "{\"SECRET\":1,\"SECRET\":2}x",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        OWN(credentials) struct credentials credentials = {0};
        struct err err = {0};
        EXPECT(!read_key_file(texts[i], &credentials, &err));
        EXPECT(strstr(err.text, "SECRET") == NULL);
        EXPECT_HAS(err.text, "/keys/k.json");
    }
}

TEST(google_application_credentials_precedes_gclouds_file)
{
    OWN(temp_dir) struct temp_dir folder = temp_dir_new();
    OWN(free) char *key = key_file(GOOGLE_TOKEN_URL, "");
    OWN(free) char *named = temp_dir_add_file(&folder, "named.json", key);
    OWN(free) char *gcloud =
        temp_dir_add_file(&folder, "gcloud/application_default_credentials.json", USER_CREDENTIALS);
    OWN(free) char *config = str_format("%s/gcloud", folder.path);
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, NULL, 0);

    fake_google_env("GOOGLE_APPLICATION_CREDENTIALS", named, "CLOUDSDK_CONFIG", config, NULL);
    struct err err = {0};
    OWN(gcp) struct gcp *first = fake_google_open(&fake, GCP_VISION, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(gcp_credentials(first), named);
    EXPECT_STR(gcp_project(first), "key-project");
    EXPECT(gcp_warning(first) == NULL);

    fake_google_env("CLOUDSDK_CONFIG", config, NULL);
    OWN(gcp) struct gcp *second = fake_google_open(&fake, GCP_VISION, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(gcp_credentials(second), gcloud);
    EXPECT_INT(fake.request_count, 0); /* no token is requested yet */
}

TEST(gclouds_file_is_found_below_home)
{
    OWN(temp_dir) struct temp_dir folder = temp_dir_new();
    OWN(free) char *path = temp_dir_add_file(
        &folder, ".config/gcloud/application_default_credentials.json", USER_CREDENTIALS);
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, NULL, 0);
    fake_google_env("HOME", folder.path, NULL);
    struct err err = {0};
    OWN(gcp) struct gcp *gcp = fake_google_open(&fake, GCP_VISION, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(gcp_credentials(gcp), path);
}

TEST(an_unreadable_file_fails_at_the_start)
{
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, NULL, 0);
    fake_google_env("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/key.json", NULL);
    struct err err = {0};
    EXPECT(fake_google_open(&fake, GCP_VISION, &err) == NULL);
    EXPECT_INT(err.status, ERR_INPUT);
    EXPECT_STR(err.text, "GOOGLE_APPLICATION_CREDENTIALS: cannot open /no/such/key.json: No such "
                         "file or directory");
}

TEST(a_key_that_others_can_read_causes_a_warning)
{
    OWN(temp_dir) struct temp_dir folder = temp_dir_new();
    OWN(free) char *path = temp_dir_add_file(&folder, "user.json", USER_CREDENTIALS);
    EXPECT_INT(chmod(path, 0644), 0);
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, NULL, 0);
    fake_google_env("GOOGLE_APPLICATION_CREDENTIALS", path, NULL);
    struct err err = {0};
    OWN(gcp) struct gcp *gcp = fake_google_open(&fake, GCP_VISION, &err);
    EXPECT_STR(err.text, "");
    EXPECT_HAS(gcp_warning(gcp), path);
    EXPECT_HAS(gcp_warning(gcp), "readable by every user (mode 0644); run chmod 600");
}

static const struct fake_response metadata[] = {
    {.when = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/"
             "token",
     .status = 200,
     .header = "Metadata-Flavor: Google",
     .body = "{\"access_token\":\"ya29.m\",\"expires_in\":3412,\"token_type\":\"Bearer\"}"},
    {.when = "/project/project-id",
     .status = 200,
     .header = "Metadata-Flavor: Google",
     .body = "machine-project"},
    {.when = "GET http://metadata.google.internal/",
     .status = 200,
     .header = "Metadata-Flavor: Google",
     .times = 1},
    {.when = "GET https://pubsub.googleapis.com/", .status = 200, .body = "{}"},
};

TEST(without_a_file_project_and_tokens_come_from_the_metadata_server)
{
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, metadata, ARRAY_SIZE(metadata));
    fake_google_env(NULL, NULL);
    struct err err = {0};
    OWN(gcp) struct gcp *gcp = fake_google_open(&fake, GCP_PUBSUB, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(gcp_credentials(gcp), "http://metadata.google.internal");
    EXPECT_STR(gcp_project(gcp), "machine-project");
    EXPECT_STR(headers_get(&fake.requests[0].headers, "metadata-flavor"), "Google");
    EXPECT(gcp_topic_get(gcp, "testing", &err));
    EXPECT_STR(fake_google_header(&fake, "authorization"), "Bearer ya29.m");
}

TEST(a_server_without_metadata_flavor_is_not_a_metadata_server)
{
    static const struct fake_response rules[] = {{.when = "", .status = 200}};
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    fake_google_env("GCE_METADATA_HOST", "10.0.0.1:8080", NULL);
    struct err err = {0};
    EXPECT(fake_google_open(&fake, GCP_VISION, &err) == NULL);
    EXPECT_STR(fake_google_line(&fake), "GET http://10.0.0.1:8080/");
    EXPECT_STR(err.text, "no Google credentials: GOOGLE_APPLICATION_CREDENTIALS is not set, gcloud "
                         "has no login, and http://10.0.0.1:8080 does not answer; set "
                         "GOOGLE_APPLICATION_CREDENTIALS to a key file, run gcloud auth "
                         "application-default login, or, without an account, set "
                         "VISION_EMULATOR_HOST to an emulator");
}

TEST(no_gce_check_disables_the_metadata_server)
{
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, NULL, 0);
    fake_google_env("NO_GCE_CHECK", "true", NULL);
    struct err err = {0};
    EXPECT(fake_google_open(&fake, GCP_VISION, &err) == NULL);
    EXPECT_INT(err.status, ERR_INPUT);
    EXPECT_INT(fake.request_count, 0);
}

TEST(only_apis_without_an_emulator_need_credentials)
{
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, NULL, 0);
    fake_google_env("VISION_EMULATOR_HOST", "localhost:8585", "NO_GCE_CHECK", "true", NULL);
    struct err err = {0};
    OWN(gcp) struct gcp *gcp = fake_google_open(&fake, GCP_VISION, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(gcp_credentials(gcp), "none");
    EXPECT(fake_google_open(&fake, GCP_VISION | GCP_STORAGE, &err) == NULL);
    EXPECT_HAS(err.text, "no Google credentials");
}

TEST(the_scheme_of_an_emulator_is_optional)
{
    static const struct {
        const char *text, *line;
    } rows[] = {
        {"localhost:8585", "GET http://localhost:8585/v1/projects/p/topics/testing"},
        {"http://localhost:8585", "GET http://localhost:8585/v1/projects/p/topics/testing"},
        {"https://localhost:8586/", "GET https://localhost:8586/v1/projects/p/topics/testing"},
        {"[::1]:8585", "GET http://[::1]:8585/v1/projects/p/topics/testing"},
    };
    static const struct fake_response rules[] = {{.when = "", .status = 200, .body = "{}"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(fake_google) struct fake_google fake;
        fake_google_init(&fake, rules, ARRAY_SIZE(rules));
        fake_google_env("PUBSUB_EMULATOR_HOST", rows[i].text, "PUBSUB_PROJECT_ID", "p", NULL);
        struct err err = {0};
        OWN(gcp) struct gcp *gcp = fake_google_open(&fake, GCP_PUBSUB, &err);
        EXPECT_STR(err.text, "");
        EXPECT(gcp_topic_get(gcp, "testing", &err));
        EXPECT_STR(fake_google_line(&fake), rows[i].line);
        EXPECT(fake_google_header(&fake, "authorization") == NULL);
    }
    static const char *const wrong[] = {"http://", "ftp://x", "a b", "localhost:99999"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        OWN(fake_google) struct fake_google fake;
        fake_google_init(&fake, NULL, 0);
        fake_google_env("STORAGE_EMULATOR_HOST", wrong[i], NULL);
        struct err err = {0};
        EXPECT(fake_google_open(&fake, GCP_STORAGE, &err) == NULL);
        EXPECT_HAS(err.text, "STORAGE_EMULATOR_HOST is ");
        EXPECT_HAS(err.text, ", want host:port or http://host:port");
    }
}

TEST(a_demo_project_never_reaches_google)
{
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, NULL, 0);
    fake_google_env("GOOGLE_CLOUD_PROJECT", "demo-try", NULL);
    struct err err = {0};
    EXPECT(fake_google_open(&fake, GCP_TRANSLATE, &err) == NULL);
    EXPECT_INT(err.status, ERR_INPUT);
    EXPECT_STR(err.text, "project demo-try: the prefix demo- is for emulators only; set "
                         "TRANSLATE_EMULATOR_HOST, or use another project");
    EXPECT_INT(fake.request_count, 0);
}

TEST(the_project_is_found_in_googles_order)
{
    OWN(temp_dir) struct temp_dir folder = temp_dir_new();
    OWN(free) char *key = temp_dir_add_file(&folder, "user.json", USER_CREDENTIALS);
    temp_dir_write(&folder, "active_config", "work\n");
    temp_dir_write(&folder, "configurations/config_work",
                   "# a comment\n[compute]\nproject = other\n[core]\naccount=me\n"
                   "project = gcloud-project\n");
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, NULL, 0);
    fake_google_env("GOOGLE_APPLICATION_CREDENTIALS", key, "CLOUDSDK_CONFIG", folder.path,
                    "GOOGLE_CLOUD_PROJECT", "first", "GCLOUD_PROJECT", "second", NULL);
    static const struct {
        const char *remove, *project;
    } rows[] = {
        {"NOTHING", "first"},
        {"GOOGLE_CLOUD_PROJECT", "second"},
        {"GCLOUD_PROJECT", "gcloud-project"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        unsetenv(rows[i].remove);
        struct err err = {0};
        OWN(gcp) struct gcp *gcp = fake_google_open(&fake, GCP_VISION, &err);
        EXPECT_STR(gcp_project(gcp), rows[i].project);
    }
}

TEST(calls_have_the_quota_project)
{
    static const struct fake_response rules[] = {
        {.when = "oauth2", .status = 200, .body = "{\"access_token\":\"t\",\"expires_in\":3599}"},
        {.when = "", .status = 200, .body = "{}"},
    };
    OWN(temp_dir) struct temp_dir folder = temp_dir_new();
    OWN(free) char *key = temp_dir_add_file(&folder, "user.json", USER_CREDENTIALS);
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    fake_google_env("GOOGLE_APPLICATION_CREDENTIALS", key, "GOOGLE_CLOUD_PROJECT", "p", NULL);
    struct err err = {0};
    OWN(gcp) struct gcp *gcp = fake_google_open(&fake, GCP_PUBSUB, &err);
    EXPECT(gcp_topic_get(gcp, "testing", &err));
    EXPECT_STR(fake_google_header(&fake, "x-goog-user-project"), "payer");
    setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "other", 1);
    OWN(gcp) struct gcp *other = fake_google_open(&fake, GCP_PUBSUB, &err);
    EXPECT(gcp_topic_get(other, "testing", &err));
    EXPECT_STR(fake_google_header(&fake, "x-goog-user-project"), "other");
}
