/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local as a server: from opening the data directory to the end by a signal. */
#include "gcp-local/cli/serve_command.h"

#include "base/env.h"
#include "base/log.h"
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/data_dir.h"
#include "gcp-local/router/router.h"
#include "net/tls/server_identity.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>

enum { DRAIN_SECONDS = 5 };

/* The two ports. */
struct servers {
    struct http_server *plain, *tls;
};

static void own_servers(struct servers *servers)
{
    http_server_close(servers->plain);
    http_server_close(servers->tls);
}

/* Signals are blocked in all threads, and waited for in this one. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static bool open_servers(const struct options *options, const struct server_identity *identity,
                         struct router *router, struct servers *servers, struct err *err)
{
    struct http_server_options wanted = {
        .host = options->host,
        .port = options->port,
        .drain_sec = DRAIN_SECONDS,
        .begin = router_begin,
        .handle = router_handle,
        .refuse = router_refuse,
        .app = router,
    };
    servers->plain = http_server_open(&wanted, err);
    if (!servers->plain)
        return false;
    wanted.port = options->tls_port;
    wanted.cert_pem = identity->cert_pem;
    wanted.key_pem = identity->key_pem;
    servers->tls = http_server_open(&wanted, err);
    return servers->tls;
}

static bool is_loopback(const char *host)
{
    return str_starts(host, "127.") || str_equal(host, "::1") || str_equal(host, "localhost");
}

static void warn_of_strangers(const struct options *options)
{
    if (is_loopback(options->host))
        return;
    if (options->require_auth)
        log_warning("listening on %s: everybody who can reach this machine can try to call; a "
                    "token is required, but HTTP sends it unencrypted",
                    options->host);
    else
        log_warning("listening on %s: everybody who can reach this machine can read, change and "
                    "delete everything here; --require-auth asks for tokens",
                    options->host);
}

static bool tell(const struct options *options, const struct data_dir *dir,
                 const struct servers *servers, struct err *err)
{
    const char *host = options->host;
    struct endpoints here = {
        .host = (char *)(uintptr_t)host,
        .port = http_server_port(servers->plain),
        .tls_port = http_server_port(servers->tls),
        .require_auth = options->require_auth,
    };
    if (!data_dir_publish(dir, &here, err))
        return false;
    warn_of_strangers(options);
    const char *open = strchr(host, ':') ? "[" : "", *close = *open ? "]" : "";
    log_info("gcp-local listens on http://%s%s%s:%u and https://%s%s%s:%u, data in %s", open, host,
             close, here.port, open, host, close, here.tls_port, dir->path);
    return true;
}

bool serve_command_run(const struct options *options, struct err *err)
{
    sigset_t signals;
    block_signals(&signals);

    OWN(data_dir) struct data_dir dir = {.lock = -1};
    if (!data_dir_open(options->in_memory ? NULL : options->data_dir, &dir, err))
        return false;
    OWN(free) char *tls_dir = data_dir_file_path(&dir, "tls");
    OWN(server_identity) struct server_identity identity = {0};
    if (!server_identity_open(tls_dir, options->host, &identity, err))
        return false;

    struct cloud_options wanted = {
        .data_dir = dir.path,
        .in_memory = options->in_memory,
        .project = options->project,
        .model = options->model,
        .allow_fetch = options->allow_fetch,
    };
    OWN(cloud) struct cloud cloud = {0};
    if (!cloud_open(&wanted, &cloud, err))
        return false;
    struct router router = {.cloud = &cloud, .require_auth = options->require_auth};

    OWN(servers) struct servers servers = {0};
    if (!open_servers(options, &identity, &router, &servers, err) ||
        !tell(options, &dir, &servers, err))
        return false;
    int signal_number = 0;
    sigwait(&signals, &signal_number);
    cloud_stop(&cloud);
    return true;
}
