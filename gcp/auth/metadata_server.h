/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata server of Google Cloud: project and access tokens for programs that run there. */
#ifndef GCP_AUTH_METADATA_SERVER_H
#define GCP_AUTH_METADATA_SERVER_H

#include "base/json/jread.h"
#include "gcp/call/environment.h"

/* "http://metadata.google.internal", or the host in GCE_METADATA_HOST or the older
 * GCE_METADATA_ROOT. The caller frees. */
char *metadata_server_url(void);

/* True when a metadata server answers at root; false when NO_GCE_CHECK is true. */
bool metadata_server_found(const struct gcp_environment *env, const char *root);

/* The response with an access token. New reference, or NULL and err. */
json_t *metadata_server_token(const struct gcp_environment *env, const char *root, struct err *err);

/* The project id; NULL when the server has none. The caller frees. */
char *metadata_server_project(const struct gcp_environment *env, const char *root);

#endif
