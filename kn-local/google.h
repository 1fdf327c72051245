/* Where Google Cloud is for the processes of kn-local: gcp-local, started here and looked after;
 * another emulator; or Google itself. */
#ifndef KN_LOCAL_GOOGLE_H
#define KN_LOCAL_GOOGLE_H

#include "base/err.h"
#include "kn-local/runtime.h"

struct google;

struct google_options {
    const char *where;       /* "local", "google", or the URL of an emulator */
    const char *program_dir; /* where gcp-local lies */
    const char *data_dir;    /* gcp-local keeps its data in DATA_DIR/gcp */
    uint16_t port, tls_port; /* of gcp-local; 0 = free ones */
};

/* Starts gcp-local and waits until it listens, if that is what is asked for. */
struct google *google_open(const struct google_options *options, struct err *err);

/* What every process is told: the emulators' variables. Borrowed. */
const struct runtime_variable *google_variables(const struct google *google, size_t *count);

/* The root URL of the emulator; NULL for Google itself. */
const char *google_url(const struct google *google);

/* Stops gcp-local. NULL is fine. */
void google_close(struct google *google);

static inline void own_google(struct google **local)
{
    google_close(*local);
}

#endif
