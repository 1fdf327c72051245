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

/* gcloud's login. */
#define USER_CREDENTIALS                                                                           \
    "{\"type\":\"authorized_user\",\"client_id\":\"id.apps\",\"client_secret\":\"s&cret\","        \
    "\"refresh_token\":\"1//r\",\"quota_project_id\":\"payer\"}"

/* A key file as the Google Cloud console makes them, with test_key(0); more is spliced in:
 * ",\"k\":\"v\"". For free(). */
char *key_file(const char *token_uri, const char *more);

/* Reads the text as the file /keys/k.json. */
bool read_key_file(const char *text, struct credentials *credentials, struct err *err);

/* A folder of a test's own, removed in the end. */
struct temp_dir {
    char path[32];
};

struct temp_dir temp_dir_new(void);
void own_temp_dir(struct temp_dir *local);

/* Writes a file, mode 0600, with the folders it needs, and returns its path, for free(). */
char *temp_dir_add_file(const struct temp_dir *folder, const char *name, const char *content);
void temp_dir_write(const struct temp_dir *folder, const char *name, const char *content);

#endif
