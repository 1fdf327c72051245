/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the types of Google credentials files.
 * Formats: google.aip.dev/auth/4110 to 4117. */
#include "base/own.h"
#include "base/str.h"
#include "gcp/auth/credentials.h"
#include "gcp/auth/jwt_sign.h"
#include "net/url.h"

#include <errno.h>
#include <string.h>

enum { MAX_LIFETIME_SEC = 12 * 3600 };

static const char TOKEN_URI[] = "https://oauth2.googleapis.com/token";

static char *required_str(struct jread *reader, const char *key)
{
    const char *text = jread_str(reader, key);
    if (jread_ok(reader) && !*text)
        jread_fail(reader, key, "is empty, want a string");
    return str_copy(text);
}

static char *optional_str(struct jread *reader, const char *key)
{
    const char *text = jread_str_or(reader, key, NULL);
    return str_empty(text) ? NULL : str_copy(text);
}

static void check_url(struct jread *reader, const char *key, const char *text)
{
    OWN(url) struct url url = {0};
    if (text && jread_ok(reader) && !url_parse(text, &url))
        jread_fail(reader, key, "is %s, want an http or https URL", text);
}

static char *required_url(struct jread *reader, const char *key)
{
    char *text = required_str(reader, key);
    check_url(reader, key, text);
    return text;
}

static char *optional_url(struct jread *reader, const char *key, const char *fallback)
{
    char *text = optional_str(reader, key);
    check_url(reader, key, text);
    return text ? text : str_copy(fallback);
}

static void read_service_account(struct jread *reader, struct credentials *credentials)
{
    credentials->type = CREDENTIALS_SERVICE_ACCOUNT;
    credentials->email = required_str(reader, "client_email");
    credentials->key_id = optional_str(reader, "private_key_id");
    credentials->key = required_str(reader, "private_key");
    credentials->token_uri = optional_url(reader, "token_uri", TOKEN_URI);
    if (jread_ok(reader) && !jwt_sign_key_valid(credentials->key))
        jread_fail(reader, "private_key", "is not an RSA key in PEM format");
}

static void read_user(struct jread *reader, struct credentials *credentials)
{
    credentials->type = CREDENTIALS_USER;
    credentials->client_id = required_str(reader, "client_id");
    credentials->client_secret = required_str(reader, "client_secret");
    credentials->refresh_token = required_str(reader, "refresh_token");
    credentials->token_uri = optional_url(reader, "token_uri", TOKEN_URI);
}

static void read_external_user(struct jread *reader, struct credentials *credentials)
{
    credentials->type = CREDENTIALS_EXTERNAL_USER;
    credentials->client_id = required_str(reader, "client_id");
    credentials->client_secret = required_str(reader, "client_secret");
    credentials->refresh_token = required_str(reader, "refresh_token");
    credentials->token_uri = required_url(reader, "token_url");
}

static void read_impersonation(struct jread *reader, struct credentials *credentials)
{
    struct jread options = jread_obj_or_empty(reader, "service_account_impersonation");
    credentials->lifetime_sec =
        jread_int64_or(&options, "token_lifetime_seconds", 1, MAX_LIFETIME_SEC, 3600);
}

/* {"type":"text"} or {"type":"json","subject_token_field_name":...} */
static void read_format(struct jread *source, struct credentials *credentials)
{
    struct jread format = jread_obj_or_empty(source, "format");
    const char *type = jread_str_or(&format, "type", "text");
    if (str_equal(type, "json"))
        credentials->subject_field = required_str(&format, "subject_token_field_name");
    else if (!str_equal(type, "text"))
        jread_fail(&format, "type", "is %s, want text or json", type);
}

static void read_subject_headers(struct jread *source, struct headers *headers)
{
    struct jread object = jread_obj_or_empty(source, "headers");
    json_t *tree = (json_t *)object.here;
    for (void *i = json_object_iter(tree); i; i = json_object_iter_next(tree, i)) {
        const char *name = json_object_iter_key(i);
        if (!headers_add(headers, name, jread_str(&object, name)))
            jread_fail(&object, name, "is not a valid header field");
    }
}

/* The source of the token to exchange. */
static void read_credential_source(struct jread *reader, struct credentials *credentials)
{
    struct jread source = jread_obj(reader, "credential_source");
    static const char *const unsupported[] = {"executable", "environment_id", "certificate"};
    for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++)
        if (jread_has(&source, unsupported[i]))
            jread_fail(&source, unsupported[i], "is not supported; use file or url");
    credentials->subject_file = optional_str(&source, "file");
    credentials->subject_url = optional_str(&source, "url");
    check_url(&source, "url", credentials->subject_url);
    if (jread_ok(reader) && !credentials->subject_file == !credentials->subject_url)
        jread_fail(&source, NULL, "must have either file or url");
    read_format(&source, credentials);
    read_subject_headers(&source, &credentials->subject_headers);
    if (jread_ok(reader) && credentials->subject_file &&
        access(credentials->subject_file, R_OK) != 0)
        jread_fail(&source, "file", "is %s, which cannot be read: %s", credentials->subject_file,
                   strerror(errno));
}

static void read_external_account(struct jread *reader, struct credentials *credentials)
{
    credentials->type = CREDENTIALS_EXTERNAL_ACCOUNT;
    credentials->audience = required_str(reader, "audience");
    credentials->subject_token_type = required_str(reader, "subject_token_type");
    credentials->token_uri = required_url(reader, "token_url");
    credentials->client_id = optional_str(reader, "client_id");
    credentials->client_secret = optional_str(reader, "client_secret");
    credentials->user_project = optional_str(reader, "workforce_pool_user_project");
    credentials->impersonation_url =
        optional_url(reader, "service_account_impersonation_url", NULL);
    read_impersonation(reader, credentials);
    read_credential_source(reader, credentials);
}

static void read_credentials(struct jread *reader, const char *path, bool outermost,
                             struct credentials *credentials);

static void read_impersonated(struct jread *reader, const char *path,
                              struct credentials *credentials)
{
    credentials->type = CREDENTIALS_IMPERSONATED;
    credentials->impersonation_url = required_url(reader, "service_account_impersonation_url");
    struct jread delegates = jread_list_or_empty(reader, "delegates");
    for (size_t i = 0; i < jread_count(&delegates); i++)
        jread_item_str(&delegates, i);
    if (jread_ok(reader) && jread_count(&delegates))
        credentials->delegates = json_deep_copy(delegates.here);
    read_impersonation(reader, credentials);

    struct jread source = jread_obj(reader, "source_credentials");
    credentials->source = alloc_zeroed(sizeof(*credentials->source));
    read_credentials(&source, path, false, credentials->source);
}

/* An impersonated account cannot be the source of another. */
static void read_credentials(struct jread *reader, const char *path, bool outermost,
                             struct credentials *credentials)
{

    const char *type = jread_str(reader, "type");
    if (!jread_ok(reader))
        return;
    credentials->path = str_copy(path);
    credentials->project = optional_str(reader, "project_id");
    credentials->quota_project = optional_str(reader, "quota_project_id");
    credentials->universe = str_copy(jread_str_or(reader, "universe_domain", "googleapis.com"));
    if (str_equal(type, "service_account"))
        read_service_account(reader, credentials);
    else if (str_equal(type, "authorized_user"))
        read_user(reader, credentials);
    else if (str_equal(type, "external_account"))
        read_external_account(reader, credentials);
    else if (str_equal(type, "external_account_authorized_user"))
        read_external_user(reader, credentials);
    else if (str_equal(type, "impersonated_service_account") && outermost)
        read_impersonated(reader, path, credentials);
    else
        jread_fail(reader, "type",
                   "is %s, want one of service_account, authorized_user, "
                   "external_account, external_account_authorized_user, "
                   "impersonated_service_account",
                   type);
}

static const char *remedy(enum credentials_type type)
{
    switch (type) {
    case CREDENTIALS_SERVICE_ACCOUNT:
        return "create a new key with gcloud iam service-accounts keys create";
    case CREDENTIALS_EXTERNAL_ACCOUNT:
        return "create the file with gcloud iam workload-identity-pools create-cred-config";
    case CREDENTIALS_USER:
    case CREDENTIALS_EXTERNAL_USER:
    case CREDENTIALS_IMPERSONATED:
        return "create the file again with gcloud auth application-default login";
    default:
        return "use a file from gcloud or the Google Cloud console";
    }
}

/* The parser quotes the input near the error, which may be part of a key. */
static void remove_quote(struct err *err)
{
    char *quote = strstr(err->text, " near '"), *position = strstr(err->text, "' (line ");
    if (quote && position && quote < position)
        memmove(quote, position + 1, strlen(position + 1) + 1);
    else if (quote)
        *quote = '\0';
}

bool credentials_json_parse(struct bytes text, const char *path, struct credentials *credentials,
                            struct err *err)
{
    struct err failed = {0};
    json_auto_t *tree = json_from_bytes(text, path, ERR_INPUT, &failed);
    if (tree) {
        struct jread reader = jread_open(tree, path, ERR_INPUT, &failed);
        read_credentials(&reader, path, true, credentials);
    } else {
        remove_quote(&failed);
    }
    return !failed.status ||
           err_set(err, ERR_INPUT, "%s; %s", failed.text, remedy(credentials->type));
}
