/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local reset: deletes all data, of a running server or in its data directory. */
#ifndef GCP_LOCAL_CLI_RESET_COMMAND_H
#define GCP_LOCAL_CLI_RESET_COMMAND_H

#include "gcp-local/cli/options.h"

bool reset_command_run(const struct options *options, struct err *err);

#endif
