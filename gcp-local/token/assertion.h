/* SPDX-License-Identifier: Apache-2.0 */
/* The JWT that a service account signs to get a token (RFC 7523), or to use instead of a token:
 * verified as Google does. */
#ifndef GCP_LOCAL_TOKEN_ASSERTION_H
#define GCP_LOCAL_TOKEN_ASSERTION_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What an account requests. All zero is empty. */
struct assertion {
    char *email;
    char *scope;           /* NULL when an ID token is requested */
    char *target_audience; /* NULL when an access token is requested */
};

void assertion_done(struct assertion *assertion);

static inline void own_assertion(struct assertion *local)
{
    assertion_done(local);
}

/* Reads an assertion for the token endpoint. accounts is the folder of the keys. The audience is
 * Google's or http(s)://HOST/token, where host is the request's Host field. Fails with the OAuth
 * error in err->reason and its description as text. */
bool assertion_read(const char *accounts, const char *jwt, const char *host, int64_t now_sec,
                    struct assertion *assertion, struct err *err);

/* Reads a JWT that is used instead of an access token: it has the root of a service as audience,
 * and then the scope is cloud-platform, or it has a scope. ERR_UNAUTHORIZED otherwise. */
bool assertion_read_self_signed(const char *accounts, const char *jwt, const char *host,
                                int64_t now_sec, struct assertion *assertion, struct err *err);

#endif
