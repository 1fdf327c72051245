/* Who may use the Kubernetes API: the holder of the kubeconfig that is written here. */
#ifndef KN_LOCAL_API_CREDENTIALS_H
#define KN_LOCAL_API_CREDENTIALS_H

#include "base/err.h"
#include "net/tls/authority.h"

#include <stdint.h>

struct access {
    char *token;
    struct server_identity identity;
};

/* Reads the token and the certificates of a data directory, or makes them. */
bool access_open(const char *data_dir, struct access *access, struct err *err);
void access_done(struct access *access);

static inline void own_access(struct access *local)
{
    access_done(local);
}

/* Writes DATA_DIR/kubeconfig, readable by its owner only, for the API on this port. */
bool access_write_kubeconfig(const char *data_dir, const struct access *access, uint16_t port,
                             struct err *err);

#endif
