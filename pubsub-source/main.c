/* SPDX-License-Identifier: Apache-2.0 */
/* pubsub-source: posts the messages of a Pub/Sub subscription to a sink, as CloudEvents. */
#include "base/log.h"
#include "base/thread.h"
#include "pubsub-source/config.h"
#include "pubsub-source/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_CONFIG = 2 };

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
    sigset_t signals;
    thread_block_signals(&signals);
    struct gcp *gcp = open_gcp(&config, err);
    return gcp && pubsub_source_run(&config, gcp, &signals, err);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    bool ok = run(argc, argv, &err);
    if (!ok)
        log_error("pubsub-source: %s", err.text);
    fflush(NULL);
    _exit(ok ? EXIT_SUCCESS : err.status == ERR_INPUT ? EXIT_CONFIG : EXIT_FAILURE);
}
