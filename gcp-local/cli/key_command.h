/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local key create ACCOUNT, gcp-local key list. */
#ifndef GCP_LOCAL_CLI_KEY_COMMAND_H
#define GCP_LOCAL_CLI_KEY_COMMAND_H

#include "gcp-local/cli/options.h"

bool key_command_run(const struct options *options, struct err *err);

#endif
