/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local env: exports that point gcloud, gsutil and the client libraries at a server. */
#ifndef GCP_LOCAL_CLI_ENV_COMMAND_H
#define GCP_LOCAL_CLI_ENV_COMMAND_H

#include "gcp-local/cli/options.h"

/* Prints them for the server of the data directory, or for the one that will run with these
 * options. Writes the configuration files that they name. */
bool env_command_run(const struct options *options, struct err *err);

#endif
