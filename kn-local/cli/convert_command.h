/* SPDX-License-Identifier: Apache-2.0 */
/* kn-local convert: old manifests become today's. */
#ifndef KN_LOCAL_CLI_CONVERT_COMMAND_H
#define KN_LOCAL_CLI_CONVERT_COMMAND_H

#include "kn-local/cli/options.h"

/* Rewrites the files of the options to stdout, or in place. Tells each error on stderr; when there
 * is one nothing is written, and err sums up. */
bool kn_convert_command(const struct kn_options *options, struct err *err);

#endif
