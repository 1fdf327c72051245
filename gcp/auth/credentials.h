/* SPDX-License-Identifier: Apache-2.0 */
/* Google credentials: where they are found, and the types of files. */
#ifndef GCP_AUTH_CREDENTIALS_H
#define GCP_AUTH_CREDENTIALS_H

#include "base/json/jread.h"
#include "net/headers.h"

enum credentials_type {
    CREDENTIALS_NONE,
    CREDENTIALS_SERVICE_ACCOUNT,  /* service_account: a key */
    CREDENTIALS_USER,             /* authorized_user: gcloud's login */
    CREDENTIALS_EXTERNAL_ACCOUNT, /* workload identity federation */
    CREDENTIALS_EXTERNAL_USER,    /* external_account_authorized_user */
    CREDENTIALS_IMPERSONATED,     /* impersonated_service_account */
    CREDENTIALS_METADATA,         /* the service account attached to the machine */
};

/* What each type needs; other members are NULL. Strings are owned. All zero is valid: no
 * credentials. */
struct credentials {
    enum credentials_type type;
    char *path;    /* of the file, or the metadata server's URL; for messages */
    char *project; /* project_id; NULL when absent */
    char *quota_project;
    char *universe; /* "googleapis.com" */

    char *email, *key_id, *key; /* service_account; key is PEM */
    char *token_uri;            /* the token server */

    char *client_id, *client_secret; /* users; optional for external accounts */
    char *refresh_token;

    char *audience, *subject_token_type; /* external_account */
    char *subject_file, *subject_url;    /* exactly one is set */
    struct headers subject_headers;      /* for subject_url */
    char *subject_field;                 /* JSON member with the token; NULL = the whole content */
    char *user_project;                  /* workforce_pool_user_project */

    char *impersonation_url;    /* required for impersonated; optional for external_account */
    int64_t lifetime_sec;       /* of the impersonated token */
    json_t *delegates;          /* list of strings, or NULL */
    struct credentials *source; /* impersonated: the account that asks */
};

void credentials_done(struct credentials *credentials);

static inline void own_credentials(struct credentials *local)
{
    credentials_done(local);
}

/* Reads a credentials file; the error names file, field and remedy. *warning is set, for free(),
 * when the file is readable by other users; else it is left alone. */
bool credentials_from_file(const char *path, struct credentials *credentials, char **warning,
                           struct err *err);

/* Parses the content of such a file. path names it in messages. */
bool credentials_json_parse(struct bytes text, const char *path, struct credentials *credentials,
                            struct err *err);

/* Reads the first of: `path` if not NULL, GOOGLE_APPLICATION_CREDENTIALS, gcloud's file. False
 * without err when none of them exists; false with err when the file cannot be used. */
bool credentials_find_file(const char *path, struct credentials *credentials, char **warning,
                           struct err *err);

/* The path of `name` in gcloud's configuration folder. NULL when HOME is not set. The caller
 * frees. */
char *credentials_gcloud_file(const char *name);

#endif
