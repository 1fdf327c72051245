/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local as a server, from start to a signal. */
#ifndef GCP_LOCAL_CLI_SERVE_COMMAND_H
#define GCP_LOCAL_CLI_SERVE_COMMAND_H

#include "gcp-local/cli/options.h"

/* Runs until SIGTERM or SIGINT; false and err when it cannot start. */
bool serve_command_run(const struct options *options, struct err *err);

#endif
