/* SPDX-License-Identifier: Apache-2.0 */
/* kn-local env: exports that point kubectl, gcloud, gsutil and the libraries at a running one. */
#ifndef KN_LOCAL_CLI_ENV_COMMAND_H
#define KN_LOCAL_CLI_ENV_COMMAND_H

#include "kn-local/cli/options.h"

bool kn_env_command(const struct kn_options *options, const char *program_dir, struct err *err);

#endif
