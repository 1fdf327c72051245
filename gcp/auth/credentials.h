/* SPDX-License-Identifier: Apache-2.0 */
/* Google credentials: found in Google's order, read from their file types. */
#ifndef GCP_AUTH_CREDENTIALS_H
#define GCP_AUTH_CREDENTIALS_H

#include "base/json/jread.h"
#include "net/headers.h"

enum credentials_type {
    CREDENTIALS_NONE,
    CREDENTIALS_SERVICE_ACCOUNT,  /* a key */
    CREDENTIALS_USER,             /* authorized_user: gcloud's login */
    CREDENTIALS_EXTERNAL_ACCOUNT, /* workload identity federation */
    CREDENTIALS_EXTERNAL_USER,    /* external_account_authorized_user */
    CREDENTIALS_IMPERSONATED,     /* impersonated_service_account */
    CREDENTIALS_METADATA,         /* the machine's own service account */
};

/* Everything a type needs; the rest is NULL. All texts are owned. All zero is none. */
struct credentials {
    enum credentials_type type;
    char *path;    /* the file, or the metadata server's URL; for messages */
    char *project; /* project_id; NULL = unsaid */
    char *quota_project;
    char *universe; /* "googleapis.com" */

    char *email, *key_id, *key; /* service_account; key is PEM */
    char *token_uri;            /* where tokens come from */

    char *client_id, *client_secret; /* users; external accounts: NULL = none */
    char *refresh_token;

    char *audience, *subject_token_type; /* external_account */
    char *subject_file, *subject_url;    /* one of them */
    struct headers subject_headers;      /* for subject_url */
    char *subject_field;                 /* its place in JSON; NULL = the whole text */
    char *user_project;                  /* workforce_pool_user_project */

    char *impersonation_url;    /* external_account: NULL = none; impersonated: required */
    int64_t lifetime_sec;       /* of the impersonated token */
    json_t *delegates;          /* list of strings, or NULL */
    struct credentials *source; /* impersonated: whose token asks */
};

void credentials_done(struct credentials *credentials);

static inline void own_credentials(struct credentials *local)
{
    credentials_done(local);
}

/* Reads a credentials file; the error names file, field and remedy. warning, for free(), is what a
 * person should know of (NULL = nothing). */
bool credentials_from_file(const char *path, struct credentials *credentials, char **warning,
                           struct err *err);

/* Reads the JSON of such a file. path names it in messages. */
bool credentials_json_parse(struct bytes text, const char *path, struct credentials *credentials,
                            struct err *err);

/* Finds the file: `path` if not NULL, GOOGLE_APPLICATION_CREDENTIALS, gcloud's. False without err
 * when there is none; with err when there is one that cannot be used. */
bool credentials_find_file(const char *path, struct credentials *credentials, char **warning,
                           struct err *err);

/* The file `name` in gcloud's configuration folder. NULL when there is no home. The caller frees.
 */
char *credentials_gcloud_file(const char *name);

#endif
