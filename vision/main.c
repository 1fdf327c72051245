/* SPDX-License-Identifier: Apache-2.0 */
/* vision: labels pictures that are uploaded to a bucket. */
#include "bridge/service_gcp.h"
#include "bridge/service_main.h"
#include "vision/vision.h"

int main(int argc, char **argv)
{
    static const struct service_program vision = {
        .name = "vision",
        .about = "Labels pictures that are uploaded to a bucket: receives Cloud Storage\n"
                 "notifications in any envelope, calls the Vision API, logs and answers\n"
                 "`This picture is labelled: Sea,Coast,Water`. Other events are acknowledged\n"
                 "and ignored.\n",
        .settings = "  VISION_EMULATOR_HOST\n"
                    "                      host:port of a Vision emulator, such as gcp-local;\n"
                    "                      needs no credentials\n",
        .open = service_gcp_open,
        .close = service_gcp_close,
        .apis = GCP_VISION,
        .handler = vision_on_event,
    };
    return service_main(argc, argv, &vision);
}
