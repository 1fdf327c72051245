/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the claims of an OIDC token from Google. */
#include "gcp/auth/oidc_claims.h"

#include "base/str.h"

enum { CLOCK_SKEW_SEC = 60 };

static void check_time(struct jread *reader, int64_t now_sec)
{
    double expires = jread_real(reader, "exp"), issued = jread_real(reader, "iat");
    if (!jread_ok(reader))
        return;
    if (expires <= (double)(now_sec - CLOCK_SKEW_SEC))
        jread_fail(reader, "exp", "has passed");
    if (issued > (double)(now_sec + CLOCK_SKEW_SEC))
        jread_fail(reader, "iat", "is in the future");
}

static bool check_account(const json_t *claims, const char *email, struct err *err)
{
    struct jread reader = jread_open(claims, "push token", ERR_FORBIDDEN, err);
    const char *actual = jread_str(&reader, "email");
    if (!jread_bool_or(&reader, "email_verified", false))
        jread_fail(&reader, "email_verified", "is not true");
    if (email && !str_equal(actual, email))
        jread_fail(&reader, "email", "is %s, which is not PUSH_EMAIL", actual);
    return jread_ok(&reader);
}

bool oidc_claims_check(const json_t *claims, const struct oidc_expected *want, struct err *err)
{
    struct jread reader = jread_open(claims, "push token", ERR_UNAUTHORIZED, err);
    const char *issuer = jread_str(&reader, "iss");
    if (!str_equal(issuer, "https://accounts.google.com") &&
        !str_equal(issuer, "accounts.google.com"))
        jread_fail(&reader, "iss", "is %s, not Google", issuer);
    /* RFC 7519 allows a list; Pub/Sub always sends a string */
    const char *audience = jread_str(&reader, "aud");
    if (!str_equal(audience, want->audience))
        jread_fail(&reader, "aud", "is %s, want %s", audience, want->audience);
    check_time(&reader, want->now_sec);
    return jread_ok(&reader) && check_account(claims, want->email, err);
}
