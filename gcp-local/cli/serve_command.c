/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local as a server, from start to a signal. */
#include "gcp-local/cli/serve_command.h"

#include "base/log.h"
#include "base/own.h"
#include "base/thread.h"
#include "gcp-local/data_dir.h"
#include "gcp-local/router/router.h"
#include "net/tls/server_identity.h"
#include "net/url.h"

#include <string.h>

enum { DRAIN_SECONDS = 5 };

struct servers {
    struct http_server *plain, *tls;
};

static void own_servers(struct servers *servers)
{
    http_server_close(servers->plain);
    http_server_close(servers->tls);
}

static bool open_servers(const struct options *options, const struct server_identity *identity,
                         struct router *router, struct servers *servers, struct err *err)
{
    struct http_server_options server_options = {
        .host = options->host,
        .port = options->port,
        .drain_sec = DRAIN_SECONDS,
        .begin = router_begin,
        .handle = router_handle,
        .refuse = router_refuse,
        .app = router,
    };
    servers->plain = http_server_open(&server_options, err);
    if (!servers->plain)
        return false;
    server_options.port = options->tls_port;
    server_options.cert_pem = identity->cert_pem;
    server_options.key_pem = identity->key_pem;
    servers->tls = http_server_open(&server_options, err);
    return servers->tls;
}

static void warn_if_exposed(const struct options *options)
{
    if (url_is_loopback(options->host))
        return;
    if (options->require_auth)
        log_warning(
            "listening on %s: everyone who can reach this machine can send requests; a token "
            "is required, but HTTP sends it unencrypted",
            options->host);
    else
        log_warning("listening on %s: everyone who can reach this machine can read, change and "
                    "delete all data; require tokens with --require-auth",
                    options->host);
}

static bool publish(const struct options *options, const struct data_dir *dir,
                    const struct servers *servers, struct err *err)
{
    const char *host = options->host;
    struct endpoints endpoints = {
        .host = (char *)(uintptr_t)host,
        .port = http_server_port(servers->plain),
        .tls_port = http_server_port(servers->tls),
        .require_auth = options->require_auth,
    };
    if (!data_dir_publish(dir, &endpoints, err))
        return false;
    warn_if_exposed(options);
    const char *open = strchr(host, ':') ? "[" : "", *close = *open ? "]" : "";
    log_info("gcp-local listens on http://%s%s%s:%u and https://%s%s%s:%u, data in %s", open, host,
             close, endpoints.port, open, host, close, endpoints.tls_port, dir->path);
    return true;
}

bool serve_command_run(const struct options *options, struct err *err)
{
    sigset_t signals;
    thread_block_signals(&signals);

    OWN(data_dir) struct data_dir dir = {.lock = -1};
    if (!data_dir_open(options->in_memory ? NULL : options->data_dir, &dir, err))
        return false;
    OWN(free) char *tls_dir = data_dir_file_path(&dir, "tls");
    OWN(server_identity) struct server_identity identity = {0};
    if (!server_identity_open(tls_dir, options->host, &identity, err))
        return false;

    struct cloud_options cloud_options = {
        .data_dir = dir.path,
        .in_memory = options->in_memory,
        .project = options->project,
        .model = options->model,
        .allow_fetch = options->allow_fetch,
    };
    OWN(cloud) struct cloud cloud = {0};
    if (!cloud_open(&cloud_options, &cloud, err))
        return false;
    struct router router = {.cloud = &cloud, .require_auth = options->require_auth};

    OWN(servers) struct servers servers = {0};
    if (!open_servers(options, &identity, &router, &servers, err) ||
        !publish(options, &dir, &servers, err))
        return false;
    int signal_number = 0;
    sigwait(&signals, &signal_number);
    cloud_stop(&cloud);
    return true;
}
