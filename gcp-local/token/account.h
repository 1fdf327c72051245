/* SPDX-License-Identifier: Apache-2.0 */
/* The accounts that keys were made for: one file a key under DATA/accounts, with its public half.
 * The commands write them, the server reads them when a token names one; so a key works at once,
 * whether it was made before the server started or after. */
#ifndef GCP_LOCAL_TOKEN_ACCOUNT_H
#define GCP_LOCAL_TOKEN_ACCOUNT_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A key, and whose it is. All zero is empty. */
struct account_key {
    char *id; /* 40 hex digits */
    char *email;
    char *project;
    char *created;    /* RFC 3339 */
    char *public_pem; /* of a service account; NULL for a person */
    char *secret;     /* of a person's OAuth client; NULL for a service account */
};

void account_key_done(struct account_key *key);

static inline void own_account_key(struct account_key *local)
{
    account_key_done(local);
}

/* Makes a key for a service account, and the text of the key file that Google's clients read.
 * token_uri is where they get tokens. The caller frees the text; NULL and err on failure. */
char *account_key_create(const char *dir, const char *email, const char *project,
                         const char *token_uri, struct err *err);

/* The OAuth client that persons' credentials belong to. */
#define ACCOUNT_CLIENT_ID "gcp-local.apps.googleusercontent.com"

/* Likewise for a person: a refresh token in a file of type authorized_user. */
char *account_user_create(const char *dir, const char *email, const char *project,
                          const char *token_uri, struct err *err);

/* The key with this id. ERR_NOT_FOUND when there is none; any text may be asked for. */
bool account_key_find(const char *dir, const char *id, struct account_key *key, struct err *err);

/* The id under which a refresh token is kept. The caller frees. */
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

/* "robot" and "robot@p.iam.gserviceaccount.com" alike as an e-mail address. NULL and ERR_INPUT when
 * it can be none. The caller frees. */
char *account_email(const char *account, const char *project, struct err *err);

/* The number that Google gives each account, as text of 21 digits: it follows from the address. */
void account_unique_id(const char *email, char id[22]);

#endif
