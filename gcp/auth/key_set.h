/* The public keys of an issuer of tokens: fetched when needed, kept as long as their server says.
 */
#ifndef GCP_AUTH_KEY_SET_H
#define GCP_AUTH_KEY_SET_H

#include "gcp/auth/jwt.h"
#include "gcp/call/environment.h"

struct keys;

/* Nothing is fetched yet. outside must outlive the keys. */
struct keys *keys_open(const char *url, const struct outside *outside);
void keys_close(struct keys *keys);

/* Copies the key named kid. From any thread; fetches when the keys are too old or the kid is new to
 * us, the latter at most every 30 s, so that made-up kids cause no traffic. ERR_UNAUTHORIZED: there
 * is no such key; ERR_UNAVAILABLE: the keys could not be had. */
bool keys_find(struct keys *keys, const char *kid, struct jwk *key, struct err *err);

#endif
