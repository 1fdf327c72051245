/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata server: what a machine on Google Cloud is told about itself. */
#ifndef GCP_AUTH_METADATA_SERVER_H
#define GCP_AUTH_METADATA_SERVER_H

#include "base/json/jread.h"
#include "gcp/call/environment.h"

/* "http://metadata.google.internal", or what GCE_METADATA_HOST (or the older GCE_METADATA_ROOT)
 * says. The caller frees. */
char *metadata_server_url(void);

/* Whether one answers there; never when NO_GCE_CHECK is true. */
bool metadata_server_found(const struct gcp_environment *outside, const char *root);

/* The reply with an access token. New reference, or NULL and err. */
json_t *metadata_server_token(const struct gcp_environment *outside, const char *root,
                              struct err *err);

/* The project, NULL when it does not say. The caller frees. */
char *metadata_server_project(const struct gcp_environment *outside, const char *root);

#endif
