/* Credentials: found in Google's order, read strictly, turned into tokens. */
#include "gcp/credentials.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/grant.h"
#include "gcp/jwt.h"
#include "net/url.h"
#include "tests/fake_google.h"
#include "tests/keys.h"
#include "tests/test.h"

#include <string.h>
#include <sys/stat.h>

/* A folder of this test's own, removed in the end. */
struct folder {
    char path[32];
};

static struct folder folder_new(void)
{
    struct folder folder = {"/tmp/test_gcp_XXXXXX"};
    EXPECT(mkdtemp(folder.path) != NULL);
    return folder;
}

static void own_folder(struct folder *local)
{
    struct err err = {0};
    tree_remove(local->path, &err);
}

/* Writes a file and returns its path, for free(). */
static char *put(const struct folder *folder, const char *name, const char *content)
{
    OWN(free)
    char *path = str_format("%s/%s", folder->path, name);
    struct err err = {0};
    OWN(free)
    char *dir = str_copy_bytes((struct bytes){path, (size_t)(strrchr(path, '/') - path)});
    EXPECT(dir_make(dir, &err));
    EXPECT(file_write(path, 0600, bytes_of(content), &err));
    return give(&path);
}

static void put_only(const struct folder *folder, const char *name, const char *content)
{
    free(put(folder, name, content));
}

/* A key file as the Google Cloud console makes them; more is spliced in: ",\"k\":\"v\"". */
static char *key_file(const char *token_uri, const char *more)
{
    json_auto_t *file = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s}", "type", "service_account", "project_id", "key-project",
        "private_key_id", "key-0", "private_key", test_key(0), "client_email",
        "robot@key-project.iam.gserviceaccount.com", "token_uri", token_uri);
    OWN(free)
    char *text = json_to_text(file);
    text[strlen(text) - 1] = '\0';
    return str_format("%s%s}", text, more);
}

static const char GOOGLE_TOKENS[] = "https://oauth2.googleapis.com/token";

#define USER                                                                                       \
    "{\"type\":\"authorized_user\",\"client_id\":\"id.apps\",\"client_secret\":\"s&cret\","        \
    "\"refresh_token\":\"1//r\",\"quota_project_id\":\"payer\"}"
#define STS "https://sts.googleapis.com/v1/token"
#define IMPERSONATION                                                                              \
    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/robot@p:"                 \
    "generateAccessToken"

/* ---- reading files -----------------------------------------------------------------------------
 */

static bool read_text(const char *text, struct credentials *credentials, struct err *err)
{
    return credentials_from_json(bytes_of(text), "/keys/k.json", credentials, err);
}

TEST(each_type_of_file_is_read)
{
    OWN(free)
    char *key = key_file(GOOGLE_TOKENS, "");
    OWN(folder)
    struct folder folder = folder_new();
    OWN(free)
    char *subject = put(&folder, "token", "x");
    OWN(free)
    char *external = str_format("{\"type\":\"external_account\",\"audience\":\"//iam/x\","
                                "\"subject_token_type\":\"jwt\",\"token_url\":\"" STS "\","
                                "\"credential_source\":{\"file\":\"%s\"}}",
                                subject);
    const struct {
        const char *text;
        enum credentials_type type;
    } rows[] = {
        {key, CREDENTIALS_SERVICE_ACCOUNT},
        {USER, CREDENTIALS_USER},
        {external, CREDENTIALS_EXTERNAL_ACCOUNT},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"jwt\","
         "\"token_url\":\"" STS "\",\"credential_source\":{\"url\":\"http://x/\",\"headers\":{"
         "\"Metadata\":\"True\"},\"format\":{\"type\":\"json\",\"subject_token_field_name\":"
         "\"access_token\"}}}",
         CREDENTIALS_EXTERNAL_ACCOUNT},
        {"{\"type\":\"external_account_authorized_user\",\"client_id\":\"i\",\"client_secret\":"
         "\"s\",\"refresh_token\":\"r\",\"token_url\":\"" STS "\"}",
         CREDENTIALS_EXTERNAL_USER},
        {"{\"type\":\"impersonated_service_account\",\"service_account_impersonation_url\":"
         "\"" IMPERSONATION "\",\"delegates\":[],\"source_credentials\":" USER "}",
         CREDENTIALS_IMPERSONATED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWN(credentials)
        struct credentials credentials = {0};
        struct err err = {0};
        EXPECT(read_text(rows[i].text, &credentials, &err));
        EXPECT_INT(credentials.type, rows[i].type);
        EXPECT_STR(credentials.universe, "googleapis.com");
    }
}

TEST(a_file_that_cannot_work_is_refused_naming_file_field_and_remedy)
{
    static const char key_remedy[] =
        "; make a new key with gcloud iam service-accounts keys create";
    static const char user_remedy[] =
        "; make the file anew with gcloud auth application-default login";
    static const char pool_remedy[] =
        "; make the file with gcloud iam workload-identity-pools create-cred-config";
    static const char any_remedy[] = "; want a file made by gcloud or the Google Cloud console";
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
         "/keys/k.json: client_email is empty, want a text", key_remedy},
        {"{\"type\":\"service_account\",\"client_email\":\"e\"}",
         "/keys/k.json: private_key is missing, want a string", key_remedy},
        {"{\"type\":\"service_account\",\"client_email\":\"e\",\"private_key\":\"(PEM here)\"}",
         "/keys/k.json: private_key is no RSA key in PEM form", key_remedy},
        {"{\"type\":\"service_account\",\"client_email\":\"e\",\"private_key\":\"x\","
         "\"token_uri\":\"ftp://x\"}",
         "/keys/k.json: token_uri is ftp://x, want an http or https URL", key_remedy},
        {"{\"type\":\"authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s\"}",
         "/keys/k.json: refresh_token is missing, want a string", user_remedy},
        {"{\"type\":\"authorized_user\",\"client_id\":7}",
         "/keys/k.json: client_id is a number, want a string", user_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS "\"}",
         "/keys/k.json: credential_source is missing, want an object", pool_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS "\",\"credential_source\":{}}",
         "/keys/k.json: credential_source wants either file or url", pool_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS "\",\"credential_source\":{\"executable\":{\"command\":\"x\"}}}",
         "/keys/k.json: credential_source.executable is not supported; use a file or a url",
         pool_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS "\",\"credential_source\":{\"environment_id\":\"aws1\"}}",
         "/keys/k.json: credential_source.environment_id is not supported", pool_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS "\",\"credential_source\":{\"file\":\"/no/token\"}}",
         "/keys/k.json: credential_source.file is /no/token, which cannot be read: No such file",
         pool_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS "\",\"credential_source\":{\"url\":\"http://x\",\"format\":{"
         "\"type\":\"xml\"}}}",
         "/keys/k.json: credential_source.format.type is xml, want text or json", pool_remedy},
        {"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
         "\"token_url\":\"" STS "\",\"credential_source\":{\"url\":\"http://x\",\"headers\":{"
         "\"a b\":\"c\"}}}",
         "/keys/k.json: credential_source.headers.a b is no header field", pool_remedy},
        {"{\"type\":\"impersonated_service_account\",\"service_account_impersonation_url\":"
         "\"" IMPERSONATION
         "\",\"source_credentials\":{\"type\":\"impersonated_service_account\"}}",
         "/keys/k.json: source_credentials.type is impersonated_service_account, want one of",
         user_remedy},
        {"{\"type\":\"impersonated_service_account\",\"service_account_impersonation_url\":"
         "\"" IMPERSONATION "\",\"source_credentials\":{\"type\":\"authorized_user\"}}",
         "/keys/k.json: source_credentials.client_id is missing, want a string", user_remedy},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWN(credentials)
        struct credentials credentials = {0};
        struct err err = {0};
        EXPECT(!read_text(rows[i].text, &credentials, &err));
        EXPECT_INT(err.status, ERR_INPUT);
        EXPECT_HAS(err.text, rows[i].why);
        EXPECT_HAS(err.text, rows[i].remedy);
    }
}

TEST(a_broken_file_never_shows_its_secrets)
{
    static const char *const texts[] = {
        "{\"type\":\"service_account\",\"private_key\":SECRET}",
        "{\"private_key\":\"SECRET",
        "{\"private_key\" \"SECRET\"}",
        "{\"type\":\"authorized_user\",\"client_id\":\"i\",\"client_secret\":\"SECRET\"}",
        "{\"type\":\"service_account\",\"client_email\":\"e\",\"private_key\":\"SECRET\"}",
        "{\"SECRET\":1,\"SECRET\":2}x",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        OWN(credentials)
        struct credentials credentials = {0};
        struct err err = {0};
        EXPECT(!read_text(texts[i], &credentials, &err));
        EXPECT(strstr(err.text, "SECRET") == NULL);
        EXPECT_HAS(err.text, "/keys/k.json");
    }
}

/* ---- finding -----------------------------------------------------------------------------------
 */

static struct gcp *open_gcp(struct fake *fake, unsigned apis, struct err *err)
{
    struct outside outside = fake_outside(fake);
    struct gcp_options options = {.apis = apis};
    return google_open(&options, &outside, err);
}

TEST(the_named_file_comes_first_then_gclouds)
{
    OWN(folder)
    struct folder folder = folder_new();
    OWN(free)
    char *key = key_file(GOOGLE_TOKENS, "");
    OWN(free)
    char *named = put(&folder, "named.json", key);
    OWN(free)
    char *gcloud = put(&folder, "gcloud/application_default_credentials.json", USER);
    OWN(free)
    char *config = str_format("%s/gcloud", folder.path);
    OWN(fake)
    struct fake fake;
    fake_init(&fake, NULL, 0);

    fake_env("GOOGLE_APPLICATION_CREDENTIALS", named, "CLOUDSDK_CONFIG", config, NULL);
    struct err err = {0};
    OWN(gcp)
    struct gcp *first = open_gcp(&fake, GCP_VISION, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(gcp_credentials(first), named);
    EXPECT_STR(gcp_project(first), "key-project");
    EXPECT(gcp_warning(first) == NULL);

    fake_env("CLOUDSDK_CONFIG", config, NULL);
    OWN(gcp)
    struct gcp *second = open_gcp(&fake, GCP_VISION, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(gcp_credentials(second), gcloud);
    EXPECT_INT(fake.asked_count, 0); /* nobody was asked for a token yet */
}

TEST(gclouds_file_is_found_in_the_home_folder)
{
    OWN(folder)
    struct folder folder = folder_new();
    OWN(free)
    char *path = put(&folder, ".config/gcloud/application_default_credentials.json", USER);
    OWN(fake)
    struct fake fake;
    fake_init(&fake, NULL, 0);
    fake_env("HOME", folder.path, NULL);
    struct err err = {0};
    OWN(gcp)
    struct gcp *gcp = open_gcp(&fake, GCP_VISION, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(gcp_credentials(gcp), path);
}

TEST(a_named_file_that_cannot_be_read_stops_the_start)
{
    OWN(fake)
    struct fake fake;
    fake_init(&fake, NULL, 0);
    fake_env("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/key.json", NULL);
    struct err err = {0};
    EXPECT(open_gcp(&fake, GCP_VISION, &err) == NULL);
    EXPECT_INT(err.status, ERR_INPUT);
    EXPECT_STR(err.text, "GOOGLE_APPLICATION_CREDENTIALS: cannot open /no/such/key.json: No such "
                         "file or directory");
}

TEST(a_key_that_everybody_can_read_is_warned_of)
{
    OWN(folder)
    struct folder folder = folder_new();
    OWN(free)
    char *path = put(&folder, "user.json", USER);
    EXPECT_INT(chmod(path, 0644), 0);
    OWN(fake)
    struct fake fake;
    fake_init(&fake, NULL, 0);
    fake_env("GOOGLE_APPLICATION_CREDENTIALS", path, NULL);
    struct err err = {0};
    OWN(gcp)
    struct gcp *gcp = open_gcp(&fake, GCP_VISION, &err);
    EXPECT_STR(err.text, "");
    EXPECT_HAS(gcp_warning(gcp), path);
    EXPECT_HAS(gcp_warning(gcp),
               "every user of this machine can read it (mode 0644); chmod 600 it");
}

static const struct rule metadata[] = {
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

TEST(without_a_file_the_metadata_server_gives_project_and_tokens)
{
    OWN(fake)
    struct fake fake;
    fake_init(&fake, metadata, COUNT(metadata));
    fake_env(NULL, NULL);
    struct err err = {0};
    OWN(gcp)
    struct gcp *gcp = open_gcp(&fake, GCP_PUBSUB, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(gcp_credentials(gcp), "http://metadata.google.internal");
    EXPECT_STR(gcp_project(gcp), "machine-project");
    EXPECT_STR(headers_get(&fake.asked[0].headers, "metadata-flavor"), "Google");
    EXPECT(gcp_topic_get(gcp, "testing", &err));
    EXPECT_STR(fake_header(&fake, "authorization"), "Bearer ya29.m");
}

TEST(a_server_that_does_not_say_it_is_google_is_no_metadata_server)
{
    static const struct rule rules[] = {{.when = "", .status = 200}};
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    fake_env("GCE_METADATA_HOST", "10.0.0.1:8080", NULL);
    struct err err = {0};
    EXPECT(open_gcp(&fake, GCP_VISION, &err) == NULL);
    EXPECT_STR(fake_line(&fake), "GET http://10.0.0.1:8080/");
    EXPECT_STR(err.text, "no Google credentials: GOOGLE_APPLICATION_CREDENTIALS is not set, gcloud "
                         "has no login, and http://10.0.0.1:8080 is not there; set "
                         "GOOGLE_APPLICATION_CREDENTIALS to a key file or run gcloud auth "
                         "application-default login");
}

TEST(no_metadata_server_is_looked_for_when_told_so)
{
    OWN(fake)
    struct fake fake;
    fake_init(&fake, NULL, 0);
    fake_env("NO_GCE_CHECK", "true", NULL);
    struct err err = {0};
    EXPECT(open_gcp(&fake, GCP_VISION, &err) == NULL);
    EXPECT_INT(err.status, ERR_INPUT);
    EXPECT_INT(fake.asked_count, 0);
}

TEST(emulators_need_no_credentials_but_the_apis_without_one_do)
{
    OWN(fake)
    struct fake fake;
    fake_init(&fake, NULL, 0);
    fake_env("VISION_EMULATOR_HOST", "localhost:8585", "NO_GCE_CHECK", "true", NULL);
    struct err err = {0};
    OWN(gcp)
    struct gcp *gcp = open_gcp(&fake, GCP_VISION, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(gcp_credentials(gcp), "none");
    EXPECT(open_gcp(&fake, GCP_VISION | GCP_STORAGE, &err) == NULL);
    EXPECT_HAS(err.text, "no Google credentials");
}

TEST(an_emulator_is_named_with_or_without_scheme)
{
    static const struct {
        const char *text, *line;
    } rows[] = {
        {"localhost:8585", "GET http://localhost:8585/v1/projects/p/topics/testing"},
        {"http://localhost:8585", "GET http://localhost:8585/v1/projects/p/topics/testing"},
        {"https://localhost:8586/", "GET https://localhost:8586/v1/projects/p/topics/testing"},
        {"[::1]:8585", "GET http://[::1]:8585/v1/projects/p/topics/testing"},
    };
    static const struct rule rules[] = {{.when = "", .status = 200, .body = "{}"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWN(fake)
        struct fake fake;
        fake_init(&fake, rules, COUNT(rules));
        fake_env("PUBSUB_EMULATOR_HOST", rows[i].text, "PUBSUB_PROJECT_ID", "p", NULL);
        struct err err = {0};
        OWN(gcp)
        struct gcp *gcp = open_gcp(&fake, GCP_PUBSUB, &err);
        EXPECT_STR(err.text, "");
        EXPECT(gcp_topic_get(gcp, "testing", &err));
        EXPECT_STR(fake_line(&fake), rows[i].line);
        EXPECT(fake_header(&fake, "authorization") == NULL);
    }
    static const char *const wrong[] = {"http://", "ftp://x", "a b", "localhost:99999"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        OWN(fake)
        struct fake fake;
        fake_init(&fake, NULL, 0);
        fake_env("STORAGE_EMULATOR_HOST", wrong[i], NULL);
        struct err err = {0};
        EXPECT(open_gcp(&fake, GCP_STORAGE, &err) == NULL);
        EXPECT_HAS(err.text, "STORAGE_EMULATOR_HOST is ");
        EXPECT_HAS(err.text, ", want host:port or http://host:port");
    }
}

TEST(a_demo_project_never_reaches_google)
{
    OWN(fake)
    struct fake fake;
    fake_init(&fake, NULL, 0);
    fake_env("GOOGLE_CLOUD_PROJECT", "demo-try", NULL);
    struct err err = {0};
    EXPECT(open_gcp(&fake, GCP_TRANSLATE, &err) == NULL);
    EXPECT_INT(err.status, ERR_INPUT);
    EXPECT_STR(err.text, "project demo-try starts with demo-, so it never reaches Google; set "
                         "TRANSLATE_EMULATOR_HOST or another project");
    EXPECT_INT(fake.asked_count, 0);
}

TEST(the_project_is_looked_for_in_googles_order)
{
    OWN(folder)
    struct folder folder = folder_new();
    OWN(free)
    char *key = put(&folder, "user.json", USER);
    put_only(&folder, "active_config", "work\n");
    put_only(&folder, "configurations/config_work",
             "# a comment\n[compute]\nproject = other\n[core]\naccount=me\n"
             "project = gcloud-project\n");
    OWN(fake)
    struct fake fake;
    fake_init(&fake, NULL, 0);
    fake_env("GOOGLE_APPLICATION_CREDENTIALS", key, "CLOUDSDK_CONFIG", folder.path,
             "GOOGLE_CLOUD_PROJECT", "first", "GCLOUD_PROJECT", "second", NULL);
    static const struct {
        const char *remove, *project;
    } rows[] = {
        {"NOTHING", "first"},
        {"GOOGLE_CLOUD_PROJECT", "second"},
        {"GCLOUD_PROJECT", "gcloud-project"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsetenv(rows[i].remove);
        struct err err = {0};
        OWN(gcp)
        struct gcp *gcp = open_gcp(&fake, GCP_VISION, &err);
        EXPECT_STR(gcp_project(gcp), rows[i].project);
    }
}

TEST(calls_name_who_pays)
{
    static const struct rule rules[] = {
        {.when = "oauth2", .status = 200, .body = "{\"access_token\":\"t\",\"expires_in\":3599}"},
        {.when = "", .status = 200, .body = "{}"},
    };
    OWN(folder)
    struct folder folder = folder_new();
    OWN(free)
    char *key = put(&folder, "user.json", USER);
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    fake_env("GOOGLE_APPLICATION_CREDENTIALS", key, "GOOGLE_CLOUD_PROJECT", "p", NULL);
    struct err err = {0};
    OWN(gcp)
    struct gcp *gcp = open_gcp(&fake, GCP_PUBSUB, &err);
    EXPECT(gcp_topic_get(gcp, "testing", &err));
    EXPECT_STR(fake_header(&fake, "x-goog-user-project"), "payer");
    setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "other", 1);
    OWN(gcp)
    struct gcp *other = open_gcp(&fake, GCP_PUBSUB, &err);
    EXPECT(gcp_topic_get(other, "testing", &err));
    EXPECT_STR(fake_header(&fake, "x-goog-user-project"), "other");
}

/* ---- tokens ------------------------------------------------------------------------------------
 */

/* The claims of a token, decoded. New reference. */
static json_t *claims_of(const char *token)
{
    const char *dot = strchr(token, '.');
    OWN(buf)
    struct buf text = {0};
    struct err err = {0};
    EXPECT(base64url_decode((struct bytes){dot + 1, strcspn(dot + 1, ".")}, &text));
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
    static const struct rule rules[] = {
        {.when = "POST https://tokens.test/token",
         .status = 200,
         .body = "{\"access_token\":\"ya29.c\",\"expires_in\":\"3599\",\"token_type\":\"Bearer\"}"},
    };
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    struct outside outside = fake_outside(&fake);
    OWN(free)
    char *key = key_file("https://tokens.test/token", "");
    OWN(credentials)
    struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_text(key, &credentials, &err));
    struct token token = {0};
    EXPECT(grant_token(&outside, &credentials, &token, &err));
    EXPECT_STR(token.text, "ya29.c");
    EXPECT(token.expires_ns == (FAKE_NOW_SEC + 3599LL) * NS_PER_SEC);
    free(token.text);

    EXPECT_STR(fake_header(&fake, "content-type"), "application/x-www-form-urlencoded");
    OWN(free)
    char *type = query_get(fake_body(&fake), "grant_type");
    EXPECT_STR(type, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    OWN(free)
    char *assertion = query_get(fake_body(&fake), "assertion");
    json_auto_t *claims = claims_of(assertion);
    EXPECT_STR(claim(claims, "iss"), "robot@key-project.iam.gserviceaccount.com");
    EXPECT_STR(claim(claims, "aud"), "https://tokens.test/token");
    EXPECT_STR(claim(claims, "scope"), "https://www.googleapis.com/auth/cloud-platform");
    EXPECT(json_integer_value(json_object_get(claims, "iat")) == FAKE_NOW_SEC);
    EXPECT(json_integer_value(json_object_get(claims, "exp")) == FAKE_NOW_SEC + 3600);
    OWN(jwks)
    struct jwks keys = {0};
    OWN(free)
    char *set = test_jwks("0");
    EXPECT(jwks_from_json(bytes_of(set), &keys, &err));
    OWN(free)
    char *kid = rs256_kid(assertion, &err);
    EXPECT_STR(kid, "key-0");
    json_auto_t *verified = rs256_verify(assertion, jwks_find(&keys, kid), &err);
    EXPECT(verified != NULL);
}

TEST(where_google_takes_it_a_key_signs_its_own_token)
{
    static const struct rule rules[] = {
        {.when = "oauth2.googleapis.com",
         .status = 200,
         .body = "{\"access_token\":\"exchanged\",\"expires_in\":3599}"},
        {.when = "", .status = 200, .body = "{}"},
    };
    OWN(folder)
    struct folder folder = folder_new();
    OWN(free)
    char *key = key_file(GOOGLE_TOKENS, "");
    OWN(free)
    char *path = put(&folder, "key.json", key);
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    fake_env("GOOGLE_APPLICATION_CREDENTIALS", path, NULL);
    struct err err = {0};
    OWN(gcp)
    struct gcp *gcp = open_gcp(&fake, 0, &err);
    EXPECT(gcp_topic_get(gcp, "testing", &err));
    EXPECT_INT(fake.asked_count, 1); /* no way to the token server */
    const char *authorization = fake_header(&fake, "authorization");
    json_auto_t *claims = claims_of(authorization + strlen("Bearer "));
    EXPECT_STR(claim(claims, "aud"), "https://pubsub.googleapis.com/");
    EXPECT_STR(claim(claims, "sub"), "robot@key-project.iam.gserviceaccount.com");

    OWN(gcp_names)
    struct gcp_names names = {0};
    EXPECT(gcp_storage_list(gcp, "pictures", NULL, &names, &err));
    EXPECT_STR(fake_header(&fake, "authorization"), "Bearer exchanged");
}

TEST(a_user_token_is_refreshed)
{
    static const struct rule rules[] = {
        {.when = "POST https://oauth2.googleapis.com/token",
         .status = 200,
         .body = "{\"access_token\":\"ya29.u\",\"expires_in\":3599,\"scope\":\"x\"}"},
    };
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    struct outside outside = fake_outside(&fake);
    OWN(credentials)
    struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_text(USER, &credentials, &err));
    struct token token = {0};
    EXPECT(grant_token(&outside, &credentials, &token, &err));
    EXPECT_STR(token.text, "ya29.u");
    free(token.text);
    EXPECT_STR(fake_body(&fake), "grant_type=refresh_token&client_id=id.apps&client_secret="
                                 "s%26cret&refresh_token=1%2F%2Fr");
}

TEST(an_external_users_new_refresh_token_replaces_the_old)
{
    static const struct rule rules[] = {
        {.when = STS,
         .status = 200,
         .body = "{\"access_token\":\"t\",\"expires_in\":3599,\"refresh_token\":\"r2\"}"},
    };
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    struct outside outside = fake_outside(&fake);
    OWN(credentials)
    struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_text("{\"type\":\"external_account_authorized_user\",\"client_id\":\"i\","
                     "\"client_secret\":\"s:1\",\"refresh_token\":\"r1\",\"token_url\":\"" STS
                     "\"}",
                     &credentials, &err));
    for (int i = 1; i <= 2; i++) {
        struct token token = {0};
        EXPECT(grant_token(&outside, &credentials, &token, &err));
        free(token.text);
        OWN(free)
        char *want = str_format("grant_type=refresh_token&refresh_token=r%d", i);
        EXPECT_STR(fake_body(&fake), want);
    }
    EXPECT_STR(fake_header(&fake, "authorization"), "Basic aTpzJTNBMQ=="); /* i:s%3A1 */
}

TEST(an_impersonated_account_is_asked_for_with_the_sources_token)
{
    static const struct rule rules[] = {
        {.when = GOOGLE_TOKENS,
         .status = 200,
         .body = "{\"access_token\":\"source\",\"expires_in\":3599}"},
        {.when = "POST " IMPERSONATION,
         .status = 200,
         .body = "{\"accessToken\":\"ya29.i\",\"expireTime\":\"2026-01-01T01:00:00Z\"}"},
    };
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    struct outside outside = fake_outside(&fake);
    OWN(credentials)
    struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_text("{\"type\":\"impersonated_service_account\",\"delegates\":[\"d\"],"
                     "\"service_account_impersonation_url\":\"" IMPERSONATION
                     "\",\"source_credentials\":" USER "}",
                     &credentials, &err));
    struct token token = {0};
    EXPECT(grant_token(&outside, &credentials, &token, &err));
    EXPECT_STR(token.text, "ya29.i");
    EXPECT(token.expires_ns == (FAKE_NOW_SEC + 3600LL) * NS_PER_SEC);
    free(token.text);
    EXPECT_STR(fake_header(&fake, "authorization"), "Bearer source");
    EXPECT_STR(fake_body(&fake), "{\"scope\":[\"https://www.googleapis.com/auth/cloud-platform\"],"
                                 "\"lifetime\":\"3600s\",\"delegates\":[\"d\"]}");
}

TEST(another_providers_token_from_a_file_is_exchanged_each_time_anew)
{
    static const struct rule rules[] = {
        {.when = "POST " STS,
         .status = 200,
         .body =
             "{\"access_token\":\"federated\",\"issued_token_type\":\"x\",\"expires_in\":3599}"},
        {.when = "POST " IMPERSONATION,
         .status = 200,
         .body = "{\"accessToken\":\"ya29.w\",\"expireTime\":\"2026-01-01T00:10:00Z\"}"},
    };
    OWN(folder)
    struct folder folder = folder_new();
    OWN(free)
    char *subject = put(&folder, "token", "first\n");
    OWN(free)
    char *text =
        str_format("{\"type\":\"external_account\",\"audience\":\"//iam/x\",\"subject_token_type\":"
                   "\"urn:ietf:params:oauth:token-type:jwt\",\"token_url\":\"" STS "\","
                   "\"service_account_impersonation_url\":\"" IMPERSONATION "\","
                   "\"service_account_impersonation\":{\"token_lifetime_seconds\":600},"
                   "\"credential_source\":{\"file\":\"%s\",\"format\":{\"type\":\"text\"}}}",
                   subject);
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    struct outside outside = fake_outside(&fake);
    OWN(credentials)
    struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_text(text, &credentials, &err));
    struct token token = {0};
    EXPECT(grant_token(&outside, &credentials, &token, &err));
    EXPECT_STR(token.text, "ya29.w");
    free(token.text);
    EXPECT_STR(fake.asked[0].body,
               "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&audience=%2F%"
               "2Fiam%2Fx&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform&requested_"
               "token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&subject_token="
               "first&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt");
    EXPECT_STR(fake_header(&fake, "authorization"), "Bearer federated");
    EXPECT_HAS(fake_body(&fake), "\"lifetime\":\"600s\"");

    put_only(&folder, "token", "second");
    struct token next = {0};
    EXPECT(grant_token(&outside, &credentials, &next, &err));
    free(next.text);
    EXPECT_HAS(fake.asked[2].body, "&subject_token=second&");
}

TEST(another_providers_token_from_a_url_is_picked_out_of_json)
{
    static const struct rule rules[] = {
        {.when = "GET http://169.254.169.254/identity?api-version=1",
         .status = 200,
         .body = "{\"access_token\":\"azure\"}"},
        {.when = STS, .status = 200, .body = "{\"access_token\":\"t\",\"expires_in\":3599}"},
    };
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    struct outside outside = fake_outside(&fake);
    OWN(credentials)
    struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_text("{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":"
                     "\"jwt\",\"token_url\":\"" STS "\",\"workforce_pool_user_project\":\"wp\","
                     "\"credential_source\":{\"url\":\"http://169.254.169.254/"
                     "identity?api-version=1\",\"headers\":{\"Metadata\":\"True\"},\"format\":{"
                     "\"type\":\"json\",\"subject_token_field_name\":\"access_token\"}}}",
                     &credentials, &err));
    struct token token = {0};
    EXPECT(grant_token(&outside, &credentials, &token, &err));
    free(token.text);
    EXPECT_STR(headers_get(&fake.asked[0].headers, "metadata"), "True");
    EXPECT_HAS(fake_body(&fake), "&subject_token=azure&");
    EXPECT_HAS(fake_body(&fake), "&options=%7B%22userProject%22%3A%22wp%22%7D");
}

TEST(a_refusal_says_why_and_what_to_do)
{
    OWN(free)
    char *key = key_file(GOOGLE_TOKENS, "");
    const struct {
        const char *file, *reply, *text;
    } rows[] = {
        {key, "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT Signature.\"}",
         "no access token for /keys/k.json: oauth2.googleapis.com answered 400 invalid_grant: "
         "Invalid JWT Signature; was the key or its account deleted? make a new key"},
        {key,
         "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT: Token must be a "
         "short-lived token (60 minutes) and in a reasonable timeframe.\"}",
         "; is this machine's clock right?"},
        {USER,
         "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired or "
         "revoked.\"}",
         "Token has been expired or revoked; log in again with gcloud auth application-default "
         "login"},
        {USER, "{\"error\":\"invalid_grant\",\"error_subtype\":\"invalid_rapt\"}",
         "log in again with gcloud auth application-default login"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct rule rules[] = {{.when = "", .status = 400, .body = rows[i].reply}};
        OWN(fake)
        struct fake fake;
        fake_init(&fake, rules, COUNT(rules));
        struct outside outside = fake_outside(&fake);
        OWN(credentials)
        struct credentials credentials = {0};
        struct err err = {0};
        EXPECT(read_text(rows[i].file, &credentials, &err));
        struct token token = {0};
        EXPECT(!grant_token(&outside, &credentials, &token, &err));
        EXPECT_INT(err.status, ERR_UNAUTHORIZED);
        EXPECT_STR(err.reason, "invalid_grant");
        EXPECT_HAS(err.text, rows[i].text);
        EXPECT_INT(fake.asked_count, 1);
    }
}

TEST(a_token_server_in_trouble_is_asked_three_times)
{
    static const struct rule rules[] = {
        {.when = "", .status = 400, .body = "{\"error\":\"internal_failure\"}", .times = 2},
        {.when = "", .status = 503},
    };
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    struct outside outside = fake_outside(&fake);
    OWN(credentials)
    struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_text(USER, &credentials, &err));
    struct token token = {0};
    EXPECT(!grant_token(&outside, &credentials, &token, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_INT(fake.asked_count, 3);
}

TEST(a_machine_without_account_says_so)
{
    static const struct rule rules[] = {{.when = "/token", .status = 404},
                                        {.when = "/project-id", .status = 404},
                                        {.when = "GET http://metadata.google.internal/",
                                         .status = 200,
                                         .header = "Metadata-Flavor: Google"}};
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    fake_env("GOOGLE_CLOUD_PROJECT", "p", NULL);
    struct err err = {0};
    OWN(gcp)
    struct gcp *gcp = open_gcp(&fake, GCP_PUBSUB, &err);
    EXPECT_STR(err.text, "");
    EXPECT(!gcp_topic_get(gcp, "testing", &err));
    EXPECT_INT(err.status, ERR_UNAUTHORIZED);
    EXPECT_HAS(err.text, "no service account is attached to this machine");
}

/* ---- with calls --------------------------------------------------------------------------------
 */

TEST(a_token_that_google_refuses_is_renewed_once)
{
    static const struct rule rules[] = {
        {.when = "oauth2",
         .status = 200,
         .body = "{\"access_token\":\"old\",\"expires_in\":3599}",
         .times = 1},
        {.when = "oauth2", .status = 200, .body = "{\"access_token\":\"new\",\"expires_in\":3599}"},
        {.when = "/topics/", .status = 401, .body = "{\"error\":{\"code\":401}}", .times = 1},
        {.when = "/topics/good", .status = 200, .body = "{}"},
        {.when = "", .status = 401, .body = "{\"error\":{\"status\":\"UNAUTHENTICATED\"}}"},
    };
    OWN(folder)
    struct folder folder = folder_new();
    OWN(free)
    char *path = put(&folder, "user.json", USER);
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    fake_env("GOOGLE_APPLICATION_CREDENTIALS", path, "GOOGLE_CLOUD_PROJECT", "p", NULL);
    struct err err = {0};
    OWN(gcp)
    struct gcp *gcp = open_gcp(&fake, GCP_PUBSUB, &err);
    EXPECT(gcp_topic_get(gcp, "good", &err));
    EXPECT_STR(fake_header(&fake, "authorization"), "Bearer new");
    EXPECT_INT(fake.asked_count, 4);

    EXPECT(!gcp_topic_get(gcp, "bad", &err));
    EXPECT_INT(err.status, ERR_UNAUTHORIZED);
    EXPECT_INT(fake.asked_count, 7); /* call, token, call: no more */
}

TEST(an_address_of_ones_own_is_called_with_credentials)
{
    static const struct rule rules[] = {
        {.when = "https://tokens.test/",
         .status = 200,
         .body = "{\"access_token\":\"t\",\"expires_in\":3599}"},
        {.when = "", .status = 200, .body = "{}"},
    };
    OWN(folder)
    struct folder folder = folder_new();
    OWN(free)
    char *key = key_file("https://tokens.test/token", "");
    OWN(free)
    char *path = put(&folder, "key.json", key);
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    fake_env("GOOGLE_APPLICATION_CREDENTIALS", path, "GOOGLE_CLOUD_PROJECT", "demo-x",
             "CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB", "http://localhost:8585/", NULL);
    struct err err = {0};
    OWN(gcp)
    struct gcp *gcp = open_gcp(&fake, GCP_PUBSUB, &err);
    EXPECT_STR(err.text, "");
    EXPECT(gcp_topic_get(gcp, "testing", &err));
    EXPECT_STR(fake_line(&fake), "GET http://localhost:8585/v1/projects/demo-x/topics/testing");
    EXPECT_STR(fake_header(&fake, "authorization"), "Bearer t");
}

TEST(another_universe_has_its_own_addresses)
{
    OWN(folder)
    struct folder folder = folder_new();
    OWN(free)
    char *key = key_file("https://tokens.test/token", ",\"universe_domain\":\"example.goog\"");
    OWN(free)
    char *path = put(&folder, "key.json", key);
    static const struct rule rules[] = {
        {.when = "https://tokens.test/",
         .status = 200,
         .body = "{\"access_token\":\"t\",\"expires_in\":3599}"},
        {.when = "GET https://pubsub.example.goog/v1/", .status = 200, .body = "{}"},
    };
    OWN(fake)
    struct fake fake;
    fake_init(&fake, rules, COUNT(rules));
    fake_env("GOOGLE_APPLICATION_CREDENTIALS", path, NULL);
    struct err err = {0};
    OWN(gcp)
    struct gcp *gcp = open_gcp(&fake, GCP_PUBSUB, &err);
    EXPECT(gcp_topic_get(gcp, "testing", &err));
    EXPECT_STR(err.text, "");
}

TEST(a_token_servers_reply_that_makes_no_sense_is_its_fault)
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
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct rule rules[] = {{.when = "", .status = 200, .body = rows[i].body}};
        OWN(fake) struct fake fake;
        fake_init(&fake, rules, COUNT(rules));
        struct outside outside = fake_outside(&fake);
        OWN(credentials) struct credentials credentials = {0};
        struct err err = {0};
        EXPECT(read_text(USER, &credentials, &err));
        struct token token = {0};
        EXPECT(!grant_token(&outside, &credentials, &token, &err));
        EXPECT_INT(err.status, ERR_UPSTREAM);
        EXPECT_HAS(err.text, rows[i].text);
    }
}

TEST(another_providers_token_that_is_missing_for_now_is_tried_again_later)
{
    OWN(folder) struct folder folder = folder_new();
    OWN(free) char *subject = put(&folder, "token", "x");
    OWN(free)
    char *text = str_format("{\"type\":\"external_account\",\"audience\":\"a\","
                            "\"subject_token_type\":\"jwt\",\"token_url\":\"" STS "\","
                            "\"credential_source\":{\"file\":\"%s\"}}",
                            subject);
    OWN(fake) struct fake fake;
    fake_init(&fake, NULL, 0);
    struct outside outside = fake_outside(&fake);
    OWN(credentials) struct credentials credentials = {0};
    struct err err = {0};
    EXPECT(read_text(text, &credentials, &err));
    struct token token = {0};

    put_only(&folder, "token", " \n");
    EXPECT(!grant_token(&outside, &credentials, &token, &err));
    EXPECT_HAS(err.text, "subject token: is empty");
    EXPECT_INT(unlink(subject), 0);
    err = (struct err){0};
    EXPECT(!grant_token(&outside, &credentials, &token, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_HAS(err.text, "No such file or directory");
    EXPECT_INT(fake.asked_count, 0);
}

TEST(what_impersonation_answers_must_be_a_token_and_a_time)
{
    static const struct {
        const char *body, *text;
    } rows[] = {
        {"{\"expireTime\":\"2026-01-01T01:00:00Z\"}", "accessToken is missing, want a string"},
        {"{\"accessToken\":\"t\",\"expireTime\":\"soon\"}", "expireTime is soon, want a time"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct rule rules[] = {{.when = GOOGLE_TOKENS,
                                      .status = 200,
                                      .body = "{\"access_token\":\"source\",\"expires_in\":3599}"},
                                     {.when = "", .status = 200, .body = rows[i].body}};
        OWN(fake) struct fake fake;
        fake_init(&fake, rules, COUNT(rules));
        struct outside outside = fake_outside(&fake);
        OWN(credentials) struct credentials credentials = {0};
        struct err err = {0};
        EXPECT(read_text("{\"type\":\"impersonated_service_account\","
                         "\"service_account_impersonation_url\":\"" IMPERSONATION
                         "\",\"source_credentials\":" USER "}",
                         &credentials, &err));
        struct token token = {0};
        EXPECT(!grant_token(&outside, &credentials, &token, &err));
        EXPECT_INT(err.status, ERR_UPSTREAM);
        EXPECT_HAS(err.text, rows[i].text);
    }
}
