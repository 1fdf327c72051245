/* SPDX-License-Identifier: Apache-2.0 */
/* pubsub-source: posts the messages of a Pub/Sub subscription to a sink, as CloudEvents. */
#include "base/log.h"
#include "base/own.h"
#include "pubsub-source/config.h"
#include "pubsub-source/source.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_CONFIG = 2 };

/* SIGTERM and SIGINT are read by sigwait. A closed standard output must not end the program. */
static void block_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static struct gcp *open_gcp(const struct pubsub_source_config *config, struct err *err)
{
    struct gcp_options options = {
        .apis = GCP_PUBSUB, .project = config->project, .user_agent = "pubsub-source/" VERSION};
    struct gcp *gcp = gcp_open(&options, err);
    if (gcp && gcp_warning(gcp))
        log_warning("%s", gcp_warning(gcp));
    return gcp;
}

static bool run(int argc, char **argv, struct err *err)
{
    bool handled;
    struct pubsub_source_config config = {0}; /* never freed: threads use it until the end */
    if (!pubsub_source_config_read(argc, argv, &config, &handled, err) || handled)
        return handled;
    if (!log_from_env(err))
        return false;
    struct gcp *gcp = open_gcp(&config, err);
    return gcp && pubsub_source_run(&config, gcp, err);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    block_signals();
    bool ok = run(argc, argv, &err);
    if (!ok)
        log_error("pubsub-source: %s", err.text);
    fflush(NULL);
    _exit(ok ? EXIT_SUCCESS : err.status == ERR_INPUT ? EXIT_CONFIG : EXIT_FAILURE);
}
