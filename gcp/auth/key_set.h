/* SPDX-License-Identifier: Apache-2.0 */
/* The public keys of a token issuer: fetched when needed, cached as long as their server says. */
#ifndef GCP_AUTH_KEY_SET_H
#define GCP_AUTH_KEY_SET_H

#include "gcp/auth/jwt.h"
#include "gcp/call/environment.h"

struct key_set;

/* Fetches nothing yet. env must outlive the result. */
struct key_set *key_set_open(const char *url, const struct gcp_environment *env);
void key_set_close(struct key_set *keys);

/* Copies the key named kid. Fetches when the keys have expired or the kid is unknown; the latter at
 * most every 30 s, so that invented kids cause no traffic. Safe from several threads.
 * ERR_UNAUTHORIZED: there is no such key; ERR_UNAVAILABLE: the keys could not be fetched. */
bool key_set_find(struct key_set *keys, const char *kid, struct jwt_key *key, struct err *err);

#endif
