/* SPDX-License-Identifier: Apache-2.0 */
/* What the claims of Google's OIDC token must say. */
#include "gcp/auth/oidc_claims.h"

#include "base/str.h"

/* How far clocks may differ. */
enum { SKEW_SEC = 60 };

static void check_time(struct jread *at, int64_t now_sec)
{
    double expires = jread_real(at, "exp"), issued = jread_real(at, "iat");
    if (!jread_ok(at))
        return;
    if (expires <= (double)(now_sec - SKEW_SEC))
        jread_fail(at, "exp", "has passed");
    if (issued > (double)(now_sec + SKEW_SEC))
        jread_fail(at, "iat", "is yet to come");
}

static bool check_account(const json_t *claims, const char *email, struct err *err)
{
    struct jread at = jread_open(claims, "push token", ERR_FORBIDDEN, err);
    const char *who = jread_str(&at, "email");
    if (!jread_bool_or(&at, "email_verified", false))
        jread_fail(&at, "email_verified", "is not true");
    if (email && !str_equal(who, email))
        jread_fail(&at, "email", "is %s, who may not push here", who);
    return jread_ok(&at);
}

bool oidc_claims_check(const json_t *claims, const struct oidc_expected *want, struct err *err)
{
    struct jread at = jread_open(claims, "push token", ERR_UNAUTHORIZED, err);
    const char *issuer = jread_str(&at, "iss");
    if (!str_equal(issuer, "https://accounts.google.com") &&
        !str_equal(issuer, "accounts.google.com"))
        jread_fail(&at, "iss", "is %s, not Google", issuer);
    /* RFC 7519 allows a list; Pub/Sub always sends a text */
    const char *audience = jread_str(&at, "aud");
    if (!str_equal(audience, want->audience))
        jread_fail(&at, "aud", "is %s, want %s", audience, want->audience);
    check_time(&at, want->now_sec);
    return jread_ok(&at) && check_account(claims, want->email, err);
}
