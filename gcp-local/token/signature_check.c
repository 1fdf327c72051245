/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies JWTs with the keys of accounts. */
#include "gcp-local/token/signature_check.h"

#include "base/base64.h"
#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/token/account.h"
#include "gcp-local/token/rsa_key.h"
#include "gcp/auth/jwt.h"

#include <string.h>

enum { MAX_CLAIMS = 16384 };

bool token_oauth_error(struct err *err, const char *reason, const char *text)
{
    *err = (struct err){0};
    return err_set_reason(err, ERR_INPUT, reason, "%s", text);
}

/* The issuer in the claims, which are not verified yet. The caller frees; NULL when absent. */
static char *claimed_issuer(const char *jwt)
{
    const char *claims = strchr(jwt, '.');
    OWN(buf) struct buf text = {.max = MAX_CLAIMS};
    struct err unread = {0};
    if (!claims || !base64_url_decode((struct bytes){claims + 1, strcspn(claims + 1, ".")}, &text))
        return NULL;
    json_auto_t *tree = json_from_bytes(buf_bytes(&text), "claims", ERR_INPUT, &unread);
    return str_copy(json_string_value(json_object_get(tree, "iss")));
}

static json_t *verify(const char *jwt, const struct account_key *key)
{
    struct err unverified = {0};
    OWN(jwt_key) struct jwt_key public = {0};
    json_auto_t *jwk = key->public_pem ? rsa_key_to_jwk(key->public_pem, key->id) : NULL;
    return jwt_key_from_json(jwk, &public) ? jwt_rs256_verify(jwt, &public, &unverified) : NULL;
}

static json_t *verify_with_named(const char *accounts, const char *jwt, const char *issuer,
                                 const char *kid)
{
    OWN(account_key) struct account_key key = {0};
    struct err ignored = {0};
    if (!account_key_find(accounts, kid, &key, &ignored) || !str_equal(key.email, issuer))
        return NULL;
    return verify(jwt, &key);
}

/* Tries each key of the issuer: a token need not name its key (Google's Node library does not). */
static json_t *verify_with_any(const char *accounts, const char *jwt, const char *issuer,
                               bool *issuer_exists, struct err *err)
{
    OWN(account_keys) struct account_keys keys = {0};
    *issuer_exists = false;
    if (!account_keys_read(accounts, &keys, err))
        return NULL;
    json_t *claims = NULL;
    for (size_t i = 0; i < keys.count && !claims; i++) {
        if (!str_equal(keys.list[i].email, issuer))
            continue;
        *issuer_exists = true;
        claims = verify(jwt, &keys.list[i]);
    }
    return claims;
}

json_t *signature_check_claims(const char *accounts, const char *jwt, struct err *err)
{
    OWN(free) char *kid = NULL;
    struct err malformed = {0};
    if (!jwt_rs256_parse(jwt, &kid, &malformed)) {
        OWN(free) char *text = str_format("Invalid JWT: %s", malformed.text);
        token_oauth_error(err, "invalid_grant", text);
        return NULL;
    }
    OWN(free) char *issuer = claimed_issuer(jwt);
    if (str_empty(issuer)) {
        token_oauth_error(err, "invalid_grant", "Invalid JWT: iss field missing");
        return NULL;
    }
    bool issuer_exists = true;
    json_t *claims = kid ? verify_with_named(accounts, jwt, issuer, kid)
                         : verify_with_any(accounts, jwt, issuer, &issuer_exists, err);
    if (!claims && !err->status)
        token_oauth_error(err, "invalid_grant",
                          issuer_exists ? "Invalid JWT Signature."
                                        : "Invalid grant: account not found");
    return claims;
}
