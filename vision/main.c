/* SPDX-License-Identifier: Apache-2.0 */
/* vision: labels each picture that is uploaded to a bucket. */
#include "bridge/service_gcp.h"
#include "bridge/service_main.h"
#include "vision/vision.h"

int main(int argc, char **argv)
{
    static const struct service_program vision = {
        .name = "vision",
        .about = "Labels each picture that is uploaded to a bucket: takes Cloud Storage's\n"
                 "notifications in any envelope, asks the Vision API, logs and answers\n"
                 "`This picture is labelled: Sea,Coast,Water`. Other events are acknowledged\n"
                 "and ignored.\n",
        .settings = "  VISION_EMULATOR_HOST\n"
                    "                      host:port of a local Vision, e.g. gcp-local's:\n"
                    "                      no credentials needed\n",
        .apis = GCP_VISION,
        .open = service_gcp_open,
        .close = service_gcp_close,
        .handler = vision_on_event,
    };
    return service_main(argc, argv, &vision);
}
