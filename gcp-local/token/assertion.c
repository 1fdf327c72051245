/* SPDX-License-Identifier: Apache-2.0 */
/* The JWT that a service account signs, verified as Google does. */
#include "gcp-local/token/assertion.h"

#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/token/signature_check.h"

#include <string.h>

enum { MAX_LIFETIME_SEC = 3600, SKEW_SECONDS = 60 };

void assertion_done(struct assertion *assertion)
{
    free(assertion->email);
    free(assertion->scope);
    free(assertion->target_audience);
    *assertion = (struct assertion){0};
}

/* Checks iat and exp, which may have a fraction. */
static bool check_times(const json_t *claims, int64_t now_sec, struct err *err)
{
    struct err unread = {0};
    struct jread reader = jread_open(claims, "Invalid JWT", ERR_INPUT, &unread);
    double issued = jread_real(&reader, "iat");
    double expires = jread_real(&reader, "exp");
    double now = (double)now_sec;
    if (jread_ok(&reader) && issued <= now + SKEW_SECONDS && expires > now && expires > issued &&
        expires - issued <= MAX_LIFETIME_SEC)
        return true;
    return token_oauth_error(
        err, "invalid_grant",
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
        "timeframe. Check your iat and exp values in the JWT claim.");
}

/* True if the URL is http(s)://HOST followed by path. */
static bool is_url_of(const char *url, const char *host, const char *path)
{
    const char *rest = str_starts(url, "https://")  ? url + strlen("https://")
                       : str_starts(url, "http://") ? url + strlen("http://")
                                                    : NULL;
    if (!rest || str_empty(host) || !str_starts(rest, host))
        return false;
    return str_equal(rest + strlen(host), path);
}

static bool is_token_url(const char *audience, const char *host)
{
    static const char *const urls[] = {
        "https://oauth2.googleapis.com/token",
        "https://accounts.google.com/o/oauth2/token",
        "https://www.googleapis.com/oauth2/v4/token",
        "https://www.googleapis.com/oauth2/v3/token",
    };
    for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
        if (str_equal(audience, urls[i]))
            return true;
    return is_url_of(audience, host, "/token");
}

/* Scopes are https URLs, except three. */
static bool is_scope_list(const char *scopes)
{
    static const char *const others[] = {"openid", "email", "profile"};
    if (str_empty(scopes))
        return false;
    OWN(free) char *copy = str_copy(scopes);
    char *rest = NULL;
    size_t count = 0;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        bool known = str_starts(word, "https://");
        for (size_t i = 0; i < ARRAY_SIZE(others) && !known; i++)
            known = str_equal(word, others[i]);
        if (!known)
            return false;
        count++;
    }
    return count > 0;
}

/* Domain-wide delegation does not exist here: an account can act only for itself. */
static bool check_subject(const char *email, const char *subject, struct err *err)
{
    if (str_empty(subject) || str_equal(subject, email))
        return true;
    token_oauth_error(
        err, "unauthorized_client",
        "Client is unauthorized to retrieve access tokens using this method, or client not "
        "authorized for any of the scopes requested.");
    err->status = ERR_UNAUTHORIZED;
    return false;
}

static bool read_request(struct jread *reader, struct assertion *assertion, struct err *err)
{
    const char *scope = jread_str_or(reader, "scope", "");
    const char *audience = jread_str_or(reader, "target_audience", "");
    if (!jread_ok(reader) || (str_empty(audience) && !is_scope_list(scope)))
        return token_oauth_error(err, "invalid_scope",
                                 "Invalid OAuth scope or ID token audience provided.");
    if (str_empty(audience))
        assertion->scope = str_copy(scope);
    else
        assertion->target_audience = str_copy(audience);
    return true;
}

bool assertion_read(const char *accounts, const char *jwt, const char *host, int64_t now_sec,
                    struct assertion *assertion, struct err *err)
{
    json_auto_t *claims = signature_check_claims(accounts, jwt, err);
    if (!claims || !check_times(claims, now_sec, err))
        return false;
    struct err unread = {0};
    struct jread reader = jread_open(claims, "Invalid JWT", ERR_INPUT, &unread);
    const char *email = jread_str(&reader, "iss");
    const char *subject = jread_str_or(&reader, "sub", NULL);
    const char *audience = jread_str(&reader, "aud");
    if (!jread_ok(&reader) || !is_token_url(audience, host))
        return token_oauth_error(err, "invalid_grant", "Invalid JWT: Failed audience check.");
    if (!check_subject(email, subject, err) || !read_request(&reader, assertion, err))
        return false;
    assertion->email = str_copy(email);
    return true;
}

/* https://pubsub.googleapis.com/ and the like, or this server; the slash may be missing. */
static bool is_service_root(const char *audience, const char *host)
{
    static const char *const services[] = {"pubsub",      "storage",        "vision", "translate",
                                           "translation", "iamcredentials", "www"};
    for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
        OWN(free) char *name = str_format("%s.googleapis.com", services[i]);
        if (is_url_of(audience, name, "/") || is_url_of(audience, name, ""))
            return str_starts(audience, "https://");
    }
    return is_url_of(audience, host, "/") || is_url_of(audience, host, "");
}

static bool read_self_signed(const json_t *claims, const char *host, struct assertion *assertion)
{
    struct err unread = {0};
    struct jread reader = jread_open(claims, "token", ERR_INPUT, &unread);
    const char *email = jread_str(&reader, "iss");
    const char *subject = jread_str(&reader, "sub");
    const char *audience = jread_str_or(&reader, "aud", "");
    const char *scope = jread_str_or(&reader, "scope", "");
    if (!jread_ok(&reader) || !str_equal(email, subject))
        return false;
    bool has_audience = !str_empty(audience);
    if (has_audience ? !is_service_root(audience, host) : !is_scope_list(scope))
        return false;
    assertion->email = str_copy(email);
    assertion->scope =
        str_copy(has_audience ? "https://www.googleapis.com/auth/cloud-platform" : scope);
    return true;
}

bool assertion_read_self_signed(const char *accounts, const char *jwt, const char *host,
                                int64_t now_sec, struct assertion *assertion, struct err *err)
{
    json_auto_t *claims = signature_check_claims(accounts, jwt, err);
    bool ok = claims && check_times(claims, now_sec, err) &&
              (read_self_signed(claims, host, assertion) ||
               token_oauth_error(err, "invalid_grant", "Invalid JWT: Failed audience check."));
    if (!ok)
        err->status = ERR_UNAUTHORIZED;
    return ok;
}
