/* kn-local env: exports that point kubectl, gcloud, gsutil and the libraries at a running one. */
#ifndef KN_LOCAL_KN_ENV_H
#define KN_LOCAL_KN_ENV_H

#include "kn-local/kn_options.h"

bool kn_env(const struct kn_options *options, const char *program_dir, struct err *err);

#endif
