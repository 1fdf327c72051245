/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local env: environment variables for gcloud, gsutil and client libraries. */
#ifndef GCP_LOCAL_CLI_ENV_COMMAND_H
#define GCP_LOCAL_CLI_ENV_COMMAND_H

#include "gcp-local/cli/options.h"

/* Prints them for the server that runs with the data directory, or else for one with these options.
 * Writes the configuration files that they name. */
bool env_command_run(const struct options *options, struct err *err);

#endif
