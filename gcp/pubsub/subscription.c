/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub: creates, reads, lists and deletes subscriptions. */
#include "base/str.h"
#include "gcp/client/client.h"
#include "gcp/pubsub/resource_name.h"

static json_t *seconds(int sec)
{
    return json_sprintf("%ds", sec);
}

static json_t *push_config(const struct gcp_subscription_options *options)
{
    json_t *oidc = options->push_service_account ? json_pack("{s:s, s:s*}", "serviceAccountEmail",
                                                             options->push_service_account,
                                                             "audience", options->push_audience)
                                                 : NULL;
    return json_pack("{s:s, s:o*}", "pushEndpoint", options->push_endpoint, "oidcToken", oidc);
}

static bool add_options(const struct gcp *gcp, const struct gcp_subscription_options *options,
                        json_t *body, struct err *err)
{
    if (options->ack_deadline_sec)
        json_object_set_new(body, "ackDeadlineSeconds", json_integer(options->ack_deadline_sec));
    if (options->ordered)
        json_object_set_new(body, "enableMessageOrdering", json_true());
    if (options->filter)
        json_object_set_new(body, "filter", json_string(options->filter));
    if (options->retention_sec)
        json_object_set_new(body, "messageRetentionDuration", seconds(options->retention_sec));
    if (options->least_backoff_sec || options->most_backoff_sec)
        json_object_set_new(body, "retryPolicy",
                            json_pack("{s:o, s:o}", "minimumBackoff",
                                      seconds(options->least_backoff_sec), "maximumBackoff",
                                      seconds(options->most_backoff_sec)));
    if (options->push_endpoint)
        json_object_set_new(body, "pushConfig", push_config(options));
    if (!options->dead_letter_topic)
        return true;

    OWN(free) char *topic = resource_name(gcp, "topics", options->dead_letter_topic, err);
    if (!topic)
        return false;
    json_t *policy = json_pack("{s:s}", "deadLetterTopic", topic);
    if (options->most_attempts)
        json_object_set_new(policy, "maxDeliveryAttempts", json_integer(options->most_attempts));
    json_object_set_new(body, "deadLetterPolicy", policy);
    return true;
}

/* True when the subscription exists with this topic: an earlier attempt, whose response was lost,
 * has created it. */
static bool was_created(struct gcp *gcp, const char *name, const char *topic)
{
    OWN(gcp_subscription) struct gcp_subscription existing = {0};
    struct err ignored = {0};
    return gcp_subscription_get(gcp, name, &existing, &ignored) && str_equal(existing.topic, topic);
}

bool gcp_subscription_create(struct gcp *gcp, const char *subscription, const char *topic,
                             const struct gcp_subscription_options *options, struct err *err)
{
    static const struct gcp_subscription_options defaults = {0};
    OWN(free) char *name = resource_name(gcp, "subscriptions", subscription, err);
    if (!name)
        return false;
    OWN(free) char *topic_name = resource_name(gcp, "topics", topic, err);
    if (!topic_name)
        return false;
    json_auto_t *body = json_pack("{s:s}", "topic", topic_name);
    if (!add_options(gcp, options ? options : &defaults, body, err))
        return false;

    OWN(free) char *target = resource_name_target(name, NULL);
    struct google_call call = {
        .api = GCP_API_PUBSUB, .method = "PUT", .target = target, .json = body};
    struct err failed = {0};
    if (google_call_ignore_reply(gcp, &call, &failed))
        return true;
    if (failed.status == ERR_CONFLICT && call.attempts > 1 && was_created(gcp, name, topic_name))
        return true;
    *err = failed;
    return false;
}

bool gcp_subscription_delete(struct gcp *gcp, const char *subscription, struct err *err)
{
    OWN(free) char *name = resource_name(gcp, "subscriptions", subscription, err);
    if (!name)
        return false;
    OWN(free) char *target = resource_name_target(name, NULL);
    struct google_call call = {.api = GCP_API_PUBSUB, .method = "DELETE", .target = target};
    struct err failed = {0};
    if (google_call_ignore_reply(gcp, &call, &failed) ||
        (failed.status == ERR_NOT_FOUND && call.attempts > 1))
        return true;
    *err = failed;
    return false;
}

void gcp_subscription_done(struct gcp_subscription *subscription)
{
    free(subscription->name);
    free(subscription->topic);
    free(subscription->filter);
    free(subscription->dead_letter_topic);
    free(subscription->push_endpoint);
    *subscription = (struct gcp_subscription){0};
}

bool gcp_subscription_get(struct gcp *gcp, const char *name, struct gcp_subscription *subscription,
                          struct err *err)
{
    OWN(free) char *full = resource_name(gcp, "subscriptions", name, err);
    if (!full)
        return false;
    OWN(free) char *target = resource_name_target(full, NULL);
    struct google_call call = {.api = GCP_API_PUBSUB, .target = target};
    json_auto_t *reply = google_call_json(gcp, &call, err);
    if (!reply)
        return false;

    struct jread reader = jread_open(reply, "subscription", ERR_UPSTREAM, err);
    struct jread push = jread_obj_or_empty(&reader, "pushConfig");
    struct jread dead = jread_obj_or_empty(&reader, "deadLetterPolicy");
    subscription->name = str_copy(jread_str(&reader, "name"));
    subscription->topic = str_copy(jread_str(&reader, "topic"));
    subscription->ack_deadline_sec = (int)jread_int64_or(&reader, "ackDeadlineSeconds", 0, 600, 10);
    subscription->ordered = jread_bool_or(&reader, "enableMessageOrdering", false);
    subscription->filter = str_copy(jread_str_or(&reader, "filter", NULL));
    subscription->dead_letter_topic = str_copy(jread_str_or(&dead, "deadLetterTopic", NULL));
    subscription->push_endpoint = str_copy(jread_str_or(&push, "pushEndpoint", NULL));
    return jread_ok(&reader);
}

bool gcp_subscription_list(struct gcp *gcp, struct gcp_names *names, struct err *err)
{
    if (!gcp->project)
        return err_set(err, ERR_INPUT, "the project is unknown; set GOOGLE_CLOUD_PROJECT");
    OWN(free) char *target = str_format("/v1/projects/%s/subscriptions", gcp->project);
    return list_pages_names(gcp, GCP_API_PUBSUB, target, "subscriptions", names, err);
}
