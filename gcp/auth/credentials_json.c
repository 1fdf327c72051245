/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the file types of Google credentials.
 * Formats: google.aip.dev/auth/4110 to 4117. */
#include "base/own.h"
#include "base/str.h"
#include "gcp/auth/credentials.h"
#include "gcp/auth/jwt_sign.h"
#include "net/url.h"

#include <errno.h>
#include <string.h>

enum { MOST_LIFETIME_SEC = 12 * 3600 };

static const char TOKEN_URI[] = "https://oauth2.googleapis.com/token";

/* A required text that is not empty. */
static char *need(struct jread *at, const char *key)
{
    const char *text = jread_str(at, key);
    if (jread_ok(at) && !*text)
        jread_fail(at, key, "is empty, want a text");
    return str_copy(text);
}

static char *may(struct jread *at, const char *key)
{
    const char *text = jread_str_or(at, key, NULL);
    return str_empty(text) ? NULL : str_copy(text);
}

static void check_url(struct jread *at, const char *key, const char *text)
{
    OWN(url) struct url url = {0};
    if (text && jread_ok(at) && !url_parse(text, &url))
        jread_fail(at, key, "is %s, want an http or https URL", text);
}

static char *need_url(struct jread *at, const char *key)
{
    char *text = need(at, key);
    check_url(at, key, text);
    return text;
}

static char *url_or(struct jread *at, const char *key, const char *fallback)
{
    char *text = may(at, key);
    check_url(at, key, text);
    return text ? text : str_copy(fallback);
}

static void read_service_account(struct jread *at, struct credentials *to)
{
    to->type = CREDENTIALS_SERVICE_ACCOUNT;
    to->email = need(at, "client_email");
    to->key_id = may(at, "private_key_id");
    to->key = need(at, "private_key");
    to->token_uri = url_or(at, "token_uri", TOKEN_URI);
    if (jread_ok(at) && !jwt_sign_key_valid(to->key))
        jread_fail(at, "private_key", "is no RSA key in PEM form");
}

static void read_user(struct jread *at, struct credentials *to)
{
    to->type = CREDENTIALS_USER;
    to->client_id = need(at, "client_id");
    to->client_secret = need(at, "client_secret");
    to->refresh_token = need(at, "refresh_token");
    to->token_uri = url_or(at, "token_uri", TOKEN_URI);
}

static void read_external_user(struct jread *at, struct credentials *to)
{
    to->type = CREDENTIALS_EXTERNAL_USER;
    to->client_id = need(at, "client_id");
    to->client_secret = need(at, "client_secret");
    to->refresh_token = need(at, "refresh_token");
    to->token_uri = need_url(at, "token_url");
}

static void read_impersonation(struct jread *at, struct credentials *to)
{
    struct jread options = jread_obj_or_empty(at, "service_account_impersonation");
    to->lifetime_sec =
        jread_int64_or(&options, "token_lifetime_seconds", 1, MOST_LIFETIME_SEC, 3600);
}

/* {"type":"text"} or {"type":"json","subject_token_field_name":...} */
static void read_format(struct jread *source, struct credentials *to)
{
    struct jread format = jread_obj_or_empty(source, "format");
    const char *type = jread_str_or(&format, "type", "text");
    if (str_equal(type, "json"))
        to->subject_field = need(&format, "subject_token_field_name");
    else if (!str_equal(type, "text"))
        jread_fail(&format, "type", "is %s, want text or json", type);
}

static void read_subject_headers(struct jread *source, struct headers *to)
{
    struct jread headers = jread_obj_or_empty(source, "headers");
    json_t *object = (json_t *)headers.here;
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        const char *name = json_object_iter_key(i);
        if (!headers_add(to, name, jread_str(&headers, name)))
            jread_fail(&headers, name, "is no header field");
    }
}

/* Where the token to be exchanged comes from. */
static void read_subject(struct jread *at, struct credentials *to)
{
    struct jread source = jread_obj(at, "credential_source");
    static const char *const others[] = {"executable", "environment_id", "certificate"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (jread_has(&source, others[i]))
            jread_fail(&source, others[i], "is not supported; use a file or a url");
    to->subject_file = may(&source, "file");
    to->subject_url = may(&source, "url");
    check_url(&source, "url", to->subject_url);
    if (jread_ok(at) && !to->subject_file == !to->subject_url)
        jread_fail(&source, NULL, "wants either file or url");
    read_format(&source, to);
    read_subject_headers(&source, &to->subject_headers);
    if (jread_ok(at) && to->subject_file && access(to->subject_file, R_OK) != 0)
        jread_fail(&source, "file", "is %s, which cannot be read: %s", to->subject_file,
                   strerror(errno));
}

static void read_external_account(struct jread *at, struct credentials *to)
{
    to->type = CREDENTIALS_EXTERNAL_ACCOUNT;
    to->audience = need(at, "audience");
    to->subject_token_type = need(at, "subject_token_type");
    to->token_uri = need_url(at, "token_url");
    to->client_id = may(at, "client_id");
    to->client_secret = may(at, "client_secret");
    to->user_project = may(at, "workforce_pool_user_project");
    to->impersonation_url = url_or(at, "service_account_impersonation_url", NULL);
    read_impersonation(at, to);
    read_subject(at, to);
}

static void read_any(struct jread *at, const char *path, bool outermost, struct credentials *to);

static void read_impersonated(struct jread *at, const char *path, struct credentials *to)
{
    to->type = CREDENTIALS_IMPERSONATED;
    to->impersonation_url = need_url(at, "service_account_impersonation_url");
    struct jread delegates = jread_list_or_empty(at, "delegates");
    for (size_t i = 0; i < jread_count(&delegates); i++)
        jread_item_str(&delegates, i);
    if (jread_ok(at) && jread_count(&delegates))
        to->delegates = json_deep_copy(delegates.here);
    read_impersonation(at, to);

    struct jread source = jread_obj(at, "source_credentials");
    to->source = alloc_zeroed(sizeof(*to->source));
    read_any(&source, path, false, to->source);
}

/* Reads any type; an impersonated account cannot be the source of another. */
static void read_any(struct jread *at, const char *path, bool outermost, struct credentials *to)
{
    static const char *const known[] = {
        "service_account",
        "authorized_user",
        "external_account",
        "external_account_authorized_user",
        "impersonated_service_account",
    };
    const char *type = jread_str(at, "type");
    if (!jread_ok(at))
        return;
    to->path = str_copy(path);
    to->project = may(at, "project_id");
    to->quota_project = may(at, "quota_project_id");
    to->universe = str_copy(jread_str_or(at, "universe_domain", "googleapis.com"));
    if (str_equal(type, known[0]))
        read_service_account(at, to);
    else if (str_equal(type, known[1]))
        read_user(at, to);
    else if (str_equal(type, known[2]))
        read_external_account(at, to);
    else if (str_equal(type, known[3]))
        read_external_user(at, to);
    else if (str_equal(type, known[4]) && outermost)
        read_impersonated(at, path, to);
    else
        jread_fail(at, "type",
                   "is %s, want one of service_account, authorized_user, "
                   "external_account, external_account_authorized_user, "
                   "impersonated_service_account",
                   type);
}

/* How to get a file that works. */
static const char *remedy(enum credentials_type type)
{
    switch (type) {
    case CREDENTIALS_SERVICE_ACCOUNT:
        return "make a new key with gcloud iam service-accounts keys create";
    case CREDENTIALS_EXTERNAL_ACCOUNT:
        return "make the file with gcloud iam workload-identity-pools create-cred-config";
    case CREDENTIALS_USER:
    case CREDENTIALS_EXTERNAL_USER:
    case CREDENTIALS_IMPERSONATED:
        return "make the file anew with gcloud auth application-default login";
    default:
        return "want a file made by gcloud or the Google Cloud console";
    }
}

/* The parser quotes what it stumbled over, which may be a piece of a key. */
static void drop_quote(struct err *err)
{
    char *quote = strstr(err->text, " near '"), *place = strstr(err->text, "' (line ");
    if (quote && place && quote < place)
        memmove(quote, place + 1, strlen(place + 1) + 1);
    else if (quote)
        *quote = '\0';
}

bool credentials_json_parse(struct bytes text, const char *path, struct credentials *credentials,
                            struct err *err)
{
    struct err found = {0};
    json_auto_t *tree = json_from_bytes(text, path, ERR_INPUT, &found);
    if (tree) {
        struct jread at = jread_open(tree, path, ERR_INPUT, &found);
        read_any(&at, path, true, credentials);
    } else {
        drop_quote(&found);
    }
    return !found.status ||
           err_set(err, ERR_INPUT, "%s; %s", found.text, remedy(credentials->type));
}
