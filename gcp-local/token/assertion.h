/* SPDX-License-Identifier: Apache-2.0 */
/* The JWT that a service account signs to ask for a token (RFC 7523), or to go without one: who
 * signed it, and whether Google would take it. */
#ifndef GCP_LOCAL_TOKEN_ASSERTION_H
#define GCP_LOCAL_TOKEN_ASSERTION_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What was asked for, by whom. All zero is empty. */
struct assertion {
    char *email;
    char *scope;           /* NULL when an ID token is wanted */
    char *target_audience; /* NULL when an access token is wanted */
};

void assertion_done(struct assertion *assertion);

static inline void own_assertion(struct assertion *local)
{
    assertion_done(local);
}

/* Reads an assertion for the token endpoint. accounts is the folder of the registered keys, host
 * the Host header of the request, so that http(s)://HOST/token is an audience besides Google's.
 * Fails with the OAuth error in err->reason and its description as text. */
bool assertion_read(const char *accounts, const char *jwt, const char *host, int64_t now_sec,
                    struct assertion *assertion, struct err *err);

/* Reads a JWT that stands in for an access token: its audience is the root of a service, or it has
 * a scope. The scope is cloud-platform when it has an audience. ERR_UNAUTHORIZED otherwise. */
bool assertion_read_self_signed(const char *accounts, const char *jwt, const char *host,
                                int64_t now_sec, struct assertion *assertion, struct err *err);

#endif
