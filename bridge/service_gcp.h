/* SPDX-License-Identifier: Apache-2.0 */
/* Google Cloud as the app of a service. It is apart from service_main so that a service that does
 * not call Google Cloud does not load what signs tokens. */
#ifndef BRIDGE_SERVICE_GCP_H
#define BRIDGE_SERVICE_GCP_H

#include "base/err.h"

/* For struct service_program: a struct gcp for these apis, from the environment. Logs its warning.
 */
void *service_gcp_open(unsigned apis, struct err *err);
void service_gcp_close(void *app);

#endif
