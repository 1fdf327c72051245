/* SPDX-License-Identifier: Apache-2.0 */
/* kn-local up: everything, from opening the data directory to the end by a signal. */
#ifndef KN_LOCAL_CLI_UP_COMMAND_H
#define KN_LOCAL_CLI_UP_COMMAND_H

#include "kn-local/cli/options.h"

bool kn_up_command(const struct kn_options *options, const char *program_dir, struct err *err);

#endif
