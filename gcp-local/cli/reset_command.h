/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local reset: empties all APIs, of a server that runs or in its folder. */
#ifndef GCP_LOCAL_CLI_RESET_COMMAND_H
#define GCP_LOCAL_CLI_RESET_COMMAND_H

#include "gcp-local/cli/options.h"

bool reset_command_run(const struct options *options, struct err *err);

#endif
