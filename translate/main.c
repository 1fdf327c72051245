/* SPDX-License-Identifier: Apache-2.0 */
/* translate: translates the texts in events. */
#include "bridge/service_gcp.h"
#include "bridge/service_main.h"
#include "translate/translate.h"

int main(int argc, char **argv)
{
    static const struct service_program translate = {
        .name = "translate",
        .about =
            "Translates the texts in events, in any envelope, such as\n"
            "{\"text\":\"Hello World\",\"from\":\"en\",\"to\":\"es\"}: calls the Translation API,\n"
            "logs and answers `Translated text: Hola Mundo`. An empty `from` lets the API\n"
            "detect the language. Other events are acknowledged and ignored.\n",
        .settings =
            "  TRANSLATE_API       v2 or v3 (v2)\n"
            "  TRANSLATE_EMULATOR_HOST\n"
            "                      host:port of a Translation emulator, such as gcp-local;\n"
            "                      needs no credentials\n",
        .open = service_gcp_open,
        .close = service_gcp_close,
        .apis = GCP_TRANSLATE,
        .handler = translate_on_event,
    };
    return service_main(argc, argv, &translate);
}
