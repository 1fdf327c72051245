/* SPDX-License-Identifier: Apache-2.0 */
/* translate's wiring: Google Cloud and push tokens. */
#include "base/log.h"
#include "base/str.h"
#include "gcp/gcp.h"
#include "translate/translate.h"

static const char help[] =
    "usage: translate [--help | --version]\n"
    "\n"
    "Translates the texts that it is sent, e.g. {\"text\":\"Hello "
    "World\",\"from\":\"en\",\"to\":\"es\"}\n"
    "in any envelope: asks the Translation API, logs and answers `Translated text: Hola Mundo`. "
    "An\n"
    "empty `from` lets the API detect the language. Other events are acknowledged and left alone.\n"
    "\n"
    "  POST /          an event\n"
    "  GET /healthz, /readyz, /metrics\n"
    "\n"
    "Environment:\n"
    "  PORT                port to listen on (8080)\n"
    "  BIND_ADDRESS        address to listen on (0.0.0.0)\n"
    "  MAX_BODY_BYTES      a larger request gets 413 (33554432)\n"
    "  LOG_FORMAT          text or json (text)\n"
    "  LOG_LEVEL           debug, info, warning or error (info)\n"
    "  GOOGLE_APPLICATION_CREDENTIALS\n"
    "                      credentials file; else gcloud's, else the metadata server\n"
    "  GOOGLE_CLOUD_PROJECT\n"
    "                      project; else the credentials'\n"
    "  TRANSLATE_API       v2 or v3 (v2)\n"
    "  TRANSLATE_EMULATOR_HOST\n"
    "                      host:port of a local Translation, e.g. gcp-local's: no credentials "
    "needed\n"
    "  PUSH_AUDIENCE       accept only requests with Google's OIDC token for this audience\n"
    "  PUSH_EMAIL          ... and of this service account\n";

static bool open_translate(void **app, struct err *err)
{
    struct translate_service *translate = *app = alloc_zeroed(sizeof(*translate));
    translate->gcp = gcp_from_env(GCP_TRANSLATE, err);
    if (!translate->gcp)
        return false;
    if (gcp_warning(translate->gcp))
        log_warning("%s", gcp_warning(translate->gcp));
    return gcp_push_open(&translate->push, err);
}

static void close_translate(void *app)
{
    struct translate_service *translate = app;
    gcp_push_close(translate->push);
    gcp_close(translate->gcp);
    free(translate);
}

static bool guard(const struct headers *headers, void *app, struct err *err)
{
    struct translate_service *translate = app;
    return !translate->push ||
           gcp_push_check(translate->push, headers_get(headers, "Authorization"), err);
}

int main(int argc, char **argv)
{
    static const struct ce_service service = {
        .name = "translate",
        .help = help,
        .handler = translate_on_event,
        .blocking = true,
        .open = open_translate,
        .close = close_translate,
        .guard = guard,
    };
    return ce_main(argc, argv, &service);
}
