/* SPDX-License-Identifier: Apache-2.0 */
/* The public keys of an issuer of tokens: fetched when needed, kept as long as their server says.
 */
#ifndef GCP_AUTH_KEY_SET_H
#define GCP_AUTH_KEY_SET_H

#include "gcp/auth/jwt.h"
#include "gcp/call/environment.h"

struct key_set;

/* Nothing is fetched yet. outside must outlive the keys. */
struct key_set *key_set_open(const char *url, const struct gcp_environment *outside);
void key_set_close(struct key_set *keys);

/* Copies the key named kid. From any thread; fetches when the keys are too old or the kid is new to
 * us, the latter at most every 30 s, so that made-up kids cause no traffic. ERR_UNAUTHORIZED: there
 * is no such key; ERR_UNAVAILABLE: the keys could not be had. */
bool key_set_find(struct key_set *keys, const char *kid, struct jwt_key *key, struct err *err);

#endif
