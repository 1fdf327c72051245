/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and reads the credentials file, in Google's documented order. */
#include "gcp/auth/credentials.h"

#include "base/env.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <sys/stat.h>

enum { MAX_FILE_BYTES = 256 * 1024 };

void credentials_done(struct credentials *credentials)
{
    char *const strings[] = {
        credentials->path,
        credentials->project,
        credentials->quota_project,
        credentials->universe,
        credentials->email,
        credentials->key_id,
        credentials->key,
        credentials->token_uri,
        credentials->client_id,
        credentials->client_secret,
        credentials->refresh_token,
        credentials->audience,
        credentials->subject_token_type,
        credentials->subject_file,
        credentials->subject_url,
        credentials->subject_field,
        credentials->user_project,
        credentials->impersonation_url,
    };
    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        free(strings[i]);
    headers_done(&credentials->subject_headers);
    json_decref(credentials->delegates);
    if (credentials->source)
        credentials_done(credentials->source);
    free(credentials->source);
    *credentials = (struct credentials){0};
}

static bool holds_secret(const struct credentials *credentials)
{
    return credentials->key || credentials->refresh_token || credentials->client_secret ||
           (credentials->source && holds_secret(credentials->source));
}

bool credentials_from_file(const char *path, struct credentials *credentials, char **warning,
                           struct err *err)
{
    OWN(buf) struct buf text = {.max = MAX_FILE_BYTES};
    struct err failed = {0};
    if (!file_read(path, &text, &failed))
        return err_set(err, ERR_INPUT, "%s", failed.text);
    if (!credentials_json_parse(buf_bytes(&text), path, credentials, err))
        return false;

    struct stat status;
    if (stat(path, &status) == 0 && (status.st_mode & S_IROTH) && holds_secret(credentials))
        *warning = str_format("%s: contains a secret and is readable by every user (mode %04o); "
                              "run chmod 600",
                              path, status.st_mode & 07777);
    return true;
}

char *credentials_gcloud_file(const char *name)
{
    const char *folder = env_str("CLOUDSDK_CONFIG", NULL);
    if (folder)
        return str_format("%s/%s", folder, name);
    const char *home = env_str("HOME", NULL);
    return home ? str_format("%s/.config/gcloud/%s", home, name) : NULL;
}

bool credentials_find_file(const char *path, struct credentials *credentials, char **warning,
                           struct err *err)
{
    if (path)
        return credentials_from_file(path, credentials, warning, err);

    const char *env_path = env_str("GOOGLE_APPLICATION_CREDENTIALS", NULL);
    if (env_path)
        return credentials_from_file(env_path, credentials, warning, err) ||
               err_wrap(err, "GOOGLE_APPLICATION_CREDENTIALS");

    OWN(free) char *gcloud = credentials_gcloud_file("application_default_credentials.json");
    if (!gcloud || (access(gcloud, F_OK) != 0 && errno != EACCES))
        return false;
    return credentials_from_file(gcloud, credentials, warning, err);
}
