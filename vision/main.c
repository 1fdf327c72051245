/* SPDX-License-Identifier: Apache-2.0 */
/* vision's wiring: Google Cloud and push tokens. */
#include "base/log.h"
#include "base/str.h"
#include "gcp/gcp.h"
#include "vision/vision.h"

static const char help[] =
    "usage: vision [--help | --version]\n"
    "\n"
    "Labels each picture that is uploaded to a bucket: takes Cloud Storage's notifications in any\n"
    "envelope, asks the Vision API, logs and answers `This picture is labelled: Sea,Coast,Water`.\n"
    "Other events are acknowledged and left alone.\n"
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
    "  VISION_EMULATOR_HOST\n"
    "                      host:port of a local Vision, e.g. gcp-local's: no credentials needed\n"
    "  PUSH_AUDIENCE       accept only requests with Google's OIDC token for this audience\n"
    "  PUSH_EMAIL          ... and of this service account\n";

static bool open_vision(void **app, struct err *err)
{
    struct vision_service *vision = *app = alloc_zeroed(sizeof(*vision));
    vision->gcp = gcp_from_env(GCP_VISION, err);
    if (!vision->gcp)
        return false;
    if (gcp_warning(vision->gcp))
        log_warning("%s", gcp_warning(vision->gcp));
    return gcp_push_open(&vision->push, err);
}

static void close_vision(void *app)
{
    struct vision_service *vision = app;
    gcp_push_close(vision->push);
    gcp_close(vision->gcp);
    free(vision);
}

static bool guard(const struct headers *headers, void *app, struct err *err)
{
    struct vision_service *vision = app;
    return !vision->push ||
           gcp_push_check(vision->push, headers_get(headers, "Authorization"), err);
}

int main(int argc, char **argv)
{
    static const struct ce_service service = {
        .name = "vision",
        .help = help,
        .handler = vision_on_event,
        .blocking = true,
        .open = open_vision,
        .close = close_vision,
        .guard = guard,
    };
    return ce_main(argc, argv, &service);
}
