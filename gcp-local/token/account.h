/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and their keys: one file for each key in DATA/accounts, with the public key. `gcp-local
 * key` writes them; the server reads them whenever a token names one, so a new key works at once.
 */
#ifndef GCP_LOCAL_TOKEN_ACCOUNT_H
#define GCP_LOCAL_TOKEN_ACCOUNT_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A key of an account. All zero is empty. */
struct account_key {
    char *id; /* 40 hex digits */
    char *email;
    char *project;
    char *created;    /* RFC 3339 */
    char *public_pem; /* of a service account; NULL for a user */
    char *secret;     /* of a user's OAuth client; NULL for a service account */
};

void account_key_done(struct account_key *key);

static inline void own_account_key(struct account_key *local)
{
    account_key_done(local);
}

/* Makes a key for a service account. Returns the key file for Google's clients, which get their
 * tokens at token_uri. The caller frees; NULL and err on failure. */
char *account_key_create(const char *dir, const char *email, const char *project,
                         const char *token_uri, struct err *err);

/* The OAuth client of users' credentials. */
#define ACCOUNT_CLIENT_ID "gcp-local.apps.googleusercontent.com"

/* The same for a user: a refresh token in a file of type authorized_user. */
char *account_user_create(const char *dir, const char *email, const char *project,
                          const char *token_uri, struct err *err);

/* Reads the key with this id, which may be any string or NULL. ERR_NOT_FOUND. */
bool account_key_find(const char *dir, const char *id, struct account_key *key, struct err *err);

/* The id of the key that a refresh token belongs to. The caller frees. */
char *account_refresh_token_id(const char *refresh_token);

/* All keys, oldest first. */
struct account_keys {
    struct account_key *list;
    size_t count;
};

bool account_keys_read(const char *dir, struct account_keys *keys, struct err *err);
void account_keys_done(struct account_keys *keys);

static inline void own_account_keys(struct account_keys *local)
{
    account_keys_done(local);
}

/* The e-mail address of an account given as "robot" or as "robot@p.iam.gserviceaccount.com". The
 * caller frees; NULL and ERR_INPUT when it is not valid. */
char *account_email(const char *account, const char *project, struct err *err);

/* The numeric id that Google gives each account: 21 digits, computed from the address. */
void account_unique_id(const char *email, char id[22]);

#endif
