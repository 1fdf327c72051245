/* SPDX-License-Identifier: Apache-2.0 */
/* Where Google Cloud is for the processes of kn-local: gcp-local, started here and again when it
 * ends; another emulator; or Google itself. */
#ifndef KN_LOCAL_CLI_GCP_EMULATOR_H
#define KN_LOCAL_CLI_GCP_EMULATOR_H

#include "base/err.h"
#include "kn-local/dataplane/runtime.h"

struct gcp_emulator;

struct gcp_emulator_options {
    const char *where;       /* "local", "google", or the URL of an emulator */
    const char *program_dir; /* of gcp-local */
    const char *data_dir;    /* gcp-local keeps its data in DATA_DIR/gcp */
    uint16_t port, tls_port; /* of gcp-local; 0 = free ones */
    const char *model;       /* the weights for its labels; NULL = its default */
};

/* Where it is "local", starts gcp-local and waits until it listens. */
struct gcp_emulator *gcp_emulator_open(const struct gcp_emulator_options *options, struct err *err);

/* The environment variables that point to the emulator; none for Google itself. Borrowed. */
const struct serving_variable *gcp_emulator_variables(const struct gcp_emulator *gcp,
                                                      size_t *count);

/* The root URL of the emulator; NULL for Google itself. */
const char *gcp_emulator_url(const struct gcp_emulator *gcp);

/* Stops gcp-local. NULL is fine. */
void gcp_emulator_close(struct gcp_emulator *gcp);

static inline void own_gcp_emulator(struct gcp_emulator **local)
{
    gcp_emulator_close(*local);
}

#endif
