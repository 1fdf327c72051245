/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials files for tests. */
#ifndef TESTS_HELPERS_KEY_FILES_H
#define TESTS_HELPERS_KEY_FILES_H

#include "gcp/auth/credentials.h"

#define GOOGLE_TOKEN_URL "https://oauth2.googleapis.com/token"
#define STS_TOKEN_URL    "https://sts.googleapis.com/v1/token"
#define IMPERSONATION_URL                                                                          \
    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/robot@p:"                 \
    "generateAccessToken"

/* The file of gcloud's login. */
#define USER_CREDENTIALS                                                                           \
    "{\"type\":\"authorized_user\",\"client_id\":\"id.apps\",\"client_secret\":\"s&cret\","        \
    "\"refresh_token\":\"1//r\",\"quota_project_id\":\"payer\"}"

/* A key file as from the Google Cloud console, with test_key(0) and additional members in more,
 * such as ",\"k\":\"v\"". For free(). */
char *key_file(const char *token_uri, const char *more);

/* Parses text as the content of /keys/k.json. */
bool read_key_file(const char *text, struct credentials *credentials, struct err *err);

#endif
