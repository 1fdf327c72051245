/* SPDX-License-Identifier: Apache-2.0 */
/* The token and certificates of the Kubernetes API, and the kubeconfig that holds them. */
#ifndef KN_LOCAL_API_CREDENTIALS_H
#define KN_LOCAL_API_CREDENTIALS_H

#include "base/err.h"
#include "net/tls/server_identity.h"

#include <stdint.h>

struct api_credentials {
    char *token;
    struct server_identity identity;
};

/* Reads the token and the certificates of a data directory, or creates them. */
bool api_credentials_open(const char *data_dir, struct api_credentials *credentials,
                          struct err *err);
void api_credentials_done(struct api_credentials *credentials);

static inline void own_api_credentials(struct api_credentials *local)
{
    api_credentials_done(local);
}

/* Writes DATA_DIR/kubeconfig, readable by its owner only, for the API on a port. */
bool api_credentials_write_kubeconfig(const char *data_dir,
                                      const struct api_credentials *credentials, uint16_t port,
                                      struct err *err);

#endif
