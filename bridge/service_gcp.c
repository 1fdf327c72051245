/* SPDX-License-Identifier: Apache-2.0 */
/* Google Cloud as the app of a service. */
#include "bridge/service_gcp.h"

#include "base/log.h"
#include "gcp/gcp.h"

void *service_gcp_open(unsigned apis, struct err *err)
{
    struct gcp *gcp = gcp_from_env(apis, err);
    if (gcp && gcp_warning(gcp))
        log_warning("%s", gcp_warning(gcp));
    return gcp;
}

void service_gcp_close(void *app)
{
    gcp_close(app);
}
