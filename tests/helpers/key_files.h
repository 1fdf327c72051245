/* Credentials files for tests. */
#ifndef TESTS_HELPERS_KEY_FILES_H
#define TESTS_HELPERS_KEY_FILES_H

#include "gcp/auth/credentials.h"

#define GOOGLE_TOKENS "https://oauth2.googleapis.com/token"
#define STS           "https://sts.googleapis.com/v1/token"
#define IMPERSONATION                                                                              \
    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/robot@p:"                 \
    "generateAccessToken"

/* gcloud's login. */
#define USER                                                                                       \
    "{\"type\":\"authorized_user\",\"client_id\":\"id.apps\",\"client_secret\":\"s&cret\","        \
    "\"refresh_token\":\"1//r\",\"quota_project_id\":\"payer\"}"

/* A key file as the Google Cloud console makes them, with test_key(0); more is spliced in:
 * ",\"k\":\"v\"". For free(). */
char *key_file(const char *token_uri, const char *more);

/* Reads the text as the file /keys/k.json. */
bool read_key_file(const char *text, struct credentials *credentials, struct err *err);

/* A folder of a test's own, removed in the end. */
struct folder {
    char path[32];
};

struct folder folder_new(void);
void own_folder(struct folder *local);

/* Writes a file, mode 0600, with the folders it needs, and returns its path, for free(). */
char *put(const struct folder *folder, const char *name, const char *content);
void put_only(const struct folder *folder, const char *name, const char *content);

#endif
