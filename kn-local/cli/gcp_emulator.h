/* Where Google Cloud is for the processes of kn-local: gcp-local, started here and looked after;
 * another emulator; or Google itself. */
#ifndef KN_LOCAL_CLI_GCP_EMULATOR_H
#define KN_LOCAL_CLI_GCP_EMULATOR_H

#include "base/err.h"
#include "kn-local/dataplane/runtime.h"

struct kn_gcp;

struct kn_gcp_options {
    const char *where;       /* "local", "google", or the URL of an emulator */
    const char *program_dir; /* where gcp-local lies */
    const char *data_dir;    /* gcp-local keeps its data in DATA_DIR/gcp */
    uint16_t port, tls_port; /* of gcp-local; 0 = free ones */
    const char *model;       /* its weights; NULL = where it looks itself. */
};

/* Starts gcp-local and waits until it listens, if that is what is asked for. */
struct kn_gcp *kn_gcp_open(const struct kn_gcp_options *options, struct err *err);

/* What every process is told: the emulators' variables. Borrowed. */
const struct runtime_variable *kn_gcp_variables(const struct kn_gcp *gcp, size_t *count);

/* The root URL of the emulator; NULL for Google itself. */
const char *kn_gcp_url(const struct kn_gcp *gcp);

/* Stops gcp-local. NULL is fine. */
void kn_gcp_close(struct kn_gcp *gcp);

static inline void own_kn_gcp(struct kn_gcp **local)
{
    kn_gcp_close(*local);
}

#endif
