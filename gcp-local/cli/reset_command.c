/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local reset: deletes all data, of a running server or in its data directory. Accounts,
 * secrets and certificates are kept, so that configured clients still work. */
#include "gcp-local/cli/reset_command.h"

#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/data_dir.h"
#include "gcp-local/router/router.h"
#include "net/client/http_client.h"

/* Makes a token with the secret of the data directory: who can read that may reset. */
static bool add_token(const char *data_dir, struct headers *headers, struct err *err)
{
    OWN(free) char *path = str_format("%s/tokens/secret", data_dir);
    struct token_secret secret;
    if (!token_secret_open(path, &secret, err))
        return false;
    char email[] = "gcp-local", scope[] = ROUTER_ADMIN_SCOPE;
    struct access_grant grant = {email, scope, timestamp_now_ns() / NS_PER_SEC + 60};
    OWN(free) char *token = access_grant_to_token(&secret, &grant);
    OWN(free) char *field = str_format("Bearer %s", token);
    return headers_add(headers, "Authorization", field);
}

static bool reset_server(const struct options *options, const struct endpoints *running,
                         struct err *err)
{
    OWN(headers) struct headers headers = {0};
    if (!add_token(options->data_dir, &headers, err))
        return false;
    OWN(http_client) struct http_client *client = http_client_open(NULL, err);
    if (!client)
        return false;
    OWN(free) char *url =
        str_format("http://%s:%u" ROUTER_RESET_PATH, running->host, running->port);
    struct http_call call = {.method = "POST", .url = url, .headers = &headers, .no_proxy = true};
    OWN(http_response) struct http_response response = {0};
    if (!http_client_send(client, &call, &response, err))
        return false;
    if (response.status == 200)
        return true;
    return err_set(err, ERR_UPSTREAM, "the server replied with status %d: %s", response.status,
                   response.body.len ? response.body.data : "");
}

static bool reset_folder(const struct options *options, struct err *err)
{
    OWN(data_dir) struct data_dir dir = {.lock = -1};
    if (!data_dir_open(options->data_dir, &dir, err))
        return false;
    struct cloud_options cloud_options = {.data_dir = dir.path, .project = options->project};
    OWN(cloud) struct cloud cloud = {0};
    if (!cloud_open(&cloud_options, &cloud, err))
        return false;
    bool ok = cloud_reset(&cloud, err);
    cloud_stop(&cloud);
    return ok;
}

bool reset_command_run(const struct options *options, struct err *err)
{
    OWN(endpoints) struct endpoints running = {0};
    struct err ignored = {0};
    if (data_dir_endpoints_read(options->data_dir, &running, &ignored))
        return reset_server(options, &running, err);
    return reset_folder(options, err);
}
