/* SPDX-License-Identifier: Apache-2.0 */
/* kn-local convert: converts old manifests to today's. */
#ifndef KN_LOCAL_CLI_CONVERT_COMMAND_H
#define KN_LOCAL_CLI_CONVERT_COMMAND_H

#include "kn-local/cli/options.h"

/* Converts the files of the options to stdout, or in place. Each error is printed on stderr; after
 * an error nothing is written, and err has their number. */
bool kn_convert_command(const struct kn_options *options, struct err *err);

#endif
