/* SPDX-License-Identifier: Apache-2.0 */
/* translate: translates the texts that it is sent. */
#include "bridge/service_gcp.h"
#include "bridge/service_main.h"
#include "translate/translate.h"

int main(int argc, char **argv)
{
    static const struct service_program translate = {
        .name = "translate",
        .about =
            "Translates the texts that it is sent, in any envelope, e.g.\n"
            "{\"text\":\"Hello World\",\"from\":\"en\",\"to\":\"es\"}: asks the Translation API,\n"
            "logs and answers `Translated text: Hola Mundo`. An empty `from` lets the API\n"
            "detect the language. Other events are acknowledged and ignored.\n",
        .settings = "  TRANSLATE_API       v2 or v3 (v2)\n"
                    "  TRANSLATE_EMULATOR_HOST\n"
                    "                      host:port of a local Translation, e.g. gcp-local's:\n"
                    "                      no credentials needed\n",
        .apis = GCP_TRANSLATE,
        .open = service_gcp_open,
        .close = service_gcp_close,
        .handler = translate_on_event,
    };
    return service_main(argc, argv, &translate);
}
