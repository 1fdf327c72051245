/* SPDX-License-Identifier: Apache-2.0 */
/* vision: labels each picture that is uploaded to a bucket. */
#include "bridge/service_main.h"
#include "vision/vision.h"

int main(int argc, char **argv)
{
    static const struct service_program vision = {
        .name = "vision",
        .about = "Labels each picture that is uploaded to a bucket: takes Cloud Storage's "
                 "notifications in any\n"
                 "envelope, asks the Vision API, logs and answers `This picture is labelled: "
                 "Sea,Coast,Water`.\n"
                 "Other events are acknowledged and ignored.\n",
        .settings = "  VISION_EMULATOR_HOST\n"
                    "                      host:port of a local Vision, e.g. gcp-local's: no "
                    "credentials needed\n",
        .apis = GCP_VISION,
        .handler = vision_on_event,
    };
    return service_main(argc, argv, &vision);
}
