/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub: creates, finds, lists and deletes topics. */
#include "base/str.h"
#include "gcp/client/client.h"
#include "gcp/pubsub/resource_name.h"

static bool call_topic(struct gcp *gcp, const char *topic, const char *method, const json_t *body,
                       int *attempts, struct err *err)
{
    OWN(free) char *name = resource_name(gcp, "topics", topic, err);
    if (!name)
        return false;
    OWN(free) char *target = resource_name_target(name, NULL);
    struct google_call call = {
        .api = GCP_API_PUBSUB, .method = method, .target = target, .json = body};
    bool ok = google_call_ignore_reply(gcp, &call, err);
    *attempts = call.attempts;
    return ok;
}

bool gcp_topic_create(struct gcp *gcp, const char *topic, struct err *err)
{
    json_auto_t *body = json_object();
    struct err failed = {0};
    int attempts = 0;
    /* an earlier attempt, whose response was lost, may have created it */
    if (call_topic(gcp, topic, "PUT", body, &attempts, &failed) ||
        (failed.status == ERR_CONFLICT && attempts > 1))
        return true;
    *err = failed;
    return false;
}

bool gcp_topic_delete(struct gcp *gcp, const char *topic, struct err *err)
{
    struct err failed = {0};
    int attempts = 0;
    if (call_topic(gcp, topic, "DELETE", NULL, &attempts, &failed) ||
        (failed.status == ERR_NOT_FOUND && attempts > 1))
        return true;
    *err = failed;
    return false;
}

bool gcp_topic_get(struct gcp *gcp, const char *topic, struct err *err)
{
    int attempts;
    return call_topic(gcp, topic, "GET", NULL, &attempts, err);
}

bool gcp_topic_list(struct gcp *gcp, struct gcp_names *names, struct err *err)
{
    if (!gcp->project)
        return err_set(err, ERR_INPUT, "the project is unknown; set GOOGLE_CLOUD_PROJECT");
    OWN(free) char *target = str_format("/v1/projects/%s/topics", gcp->project);
    return list_pages_names(gcp, GCP_API_PUBSUB, target, "topics", names, err);
}
