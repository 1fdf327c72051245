/* SPDX-License-Identifier: Apache-2.0 */
/* The token and certificates of the Kubernetes API, and the kubeconfig that holds them. */
#include "kn-local/api/api_credentials.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/random.h"
#include "base/str.h"

#include <string.h>

enum { TOKEN_BYTES = 32, TOKEN_LEN = 43, MAX_FILE = 64 * 1024 };

static char *read_token(const char *path)
{
    OWN(buf) struct buf text = {.max = MAX_FILE};
    struct err ignored = {0};
    if (!file_read(path, &text, &ignored) || text.len != TOKEN_LEN)
        return NULL;
    return buf_take(&text);
}

static char *create_token(const char *path, struct err *err)
{
    char secret[TOKEN_BYTES];
    random_bytes(secret, sizeof(secret));
    OWN(free) char *token = base64_url_encode((struct bytes){secret, sizeof(secret)});
    return file_write(path, 0600, bytes_of(token), err) ? move_ptr(&token) : NULL;
}

bool api_credentials_open(const char *data_dir, struct api_credentials *credentials,
                          struct err *err)
{
    OWN(free) char *tls = str_format("%s/tls", data_dir);
    OWN(free) char *path = str_format("%s/token", data_dir);
    credentials->token = read_token(path);
    if (!credentials->token)
        credentials->token = create_token(path, err);
    return credentials->token && server_identity_open(tls, NULL, &credentials->identity, err);
}

void api_credentials_done(struct api_credentials *credentials)
{
    free(credentials->token);
    server_identity_done(&credentials->identity);
    *credentials = (struct api_credentials){0};
}

bool api_credentials_write_kubeconfig(const char *data_dir,
                                      const struct api_credentials *credentials, uint16_t port,
                                      struct err *err)
{
    OWN(free) char *authority = str_format("%s/tls/ca.crt", data_dir);
    OWN(free) char *path = str_format("%s/kubeconfig", data_dir);
    OWN(buf) struct buf pem = {.max = MAX_FILE};
    if (!file_read(authority, &pem, err))
        return false;
    OWN(free) char *encoded = base64_encode(buf_bytes(&pem));
    OWN(free) char *text =
        str_format("apiVersion: v1\n"
                   "kind: Config\n"
                   "current-context: kn-local\n"
                   "contexts:\n"
                   "- name: kn-local\n"
                   "  context: {cluster: kn-local, user: kn-local, namespace: default}\n"
                   "clusters:\n"
                   "- name: kn-local\n"
                   "  cluster:\n"
                   "    server: https://127.0.0.1:%u\n"
                   "    certificate-authority-data: %s\n"
                   "users:\n"
                   "- name: kn-local\n"
                   "  user: {token: %s}\n",
                   port, encoded, credentials->token);
    return file_write(path, 0600, bytes_of(text), err);
}
