/* SPDX-License-Identifier: Apache-2.0 */
/* Channel and Subscription of 2019, eventing.knative.dev/v1alpha1. */
#include "base/json/json_at.h"
#include "base/str.h"
#include "kn-local/kinds/migration.h"
#include "kn-local/kinds/schema.h"

static const struct kind_column age_only[] = {
    {.name = "Age", .path = "metadata.creationTimestamp", .type = COLUMN_AGE},
    {0},
};

static const struct schema_field object_reference[] = {
    STRING("apiVersion"),
    STRING("kind", .required = true),
    STRING("name", .required = true),
    STRING("namespace"),
    STRING("uid"),
    STRING("resourceVersion"),
    STRING("fieldPath"),
    END,
};

static const struct schema_field channel_spec[] = {
    OBJECT(object_reference, "provisioner"),
    ANY("arguments"),
    ANY("subscribable"),
    INTEGER("generation"),
    END,
};
static const struct schema_field channel[] = {OBJECT(channel_spec, "spec"), END};
static const char *const channel_short[] = {"chan", NULL};
static const char in_memory[] = "in-memory-channel";

static bool channel_check(const json_t *object, const json_t *old, struct validation_error *problem)
{
    const json_t *provisioner = json_at(object, "spec.provisioner");
    if (old && !json_equal(provisioner, json_at(old, "spec.provisioner")))
        return validation_error_set(problem, "spec.provisioner",
                                    "is immutable; delete and recreate the object");
    static const char *const names[] = {in_memory, "in-memory", "kafka", "gcp-pubsub"};
    const char *name = json_text_at(provisioner, "name");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (!name || str_equal(name, names[i]))
            return true;
    return validation_error_set(problem, "spec.provisioner.name",
                                "is \"%.60s\"; must be in-memory-channel, kafka or gcp-pubsub",
                                name);
}

static json_t *channel_from_hub(const json_t *hub)
{
    json_t *object = json_copy((json_t *)hub);
    const char *kind = json_text_at(hub, "spec.channelTemplate.kind");
    json_t *spec = json_object();
    if (kind)
        json_object_set_new(spec, "provisioner",
                            json_pack("{s:s, s:s, s:s}", "apiVersion",
                                      "eventing.knative.dev/v1alpha1", "kind",
                                      "ClusterChannelProvisioner", "name",
                                      str_equal(kind, "KafkaChannel") ? "kafka" : in_memory));
    json_object_set_new(object, "spec", spec);
    return object;
}

const struct kind kind_channel_v1alpha1 = {
    KIND_NAMES("eventing.knative.dev", "v1alpha1", "Channel", "channel"),
    .short_names = channel_short,
    .fields = channel,
    .columns = age_only,
    .check = channel_check,
    .hub = &kind_channel,
    .to_hub = migration_channel,
    .from_hub = channel_from_hub,
};

static const struct schema_field subscriber[] = {
    OBJECT(object_reference, "ref"),
    STRING("dnsName"),
    STRING("uri"),
    END,
};
static const struct schema_field reply[] = {OBJECT(object_reference, "channel"), END};
static const struct schema_field subscription_spec[] = {
    OBJECT(object_reference, "channel", .required = true),
    OBJECT(subscriber, "subscriber"),
    OBJECT(reply, "reply"),
    INTEGER("generation"),
    END,
};
static const struct schema_field subscription[] = {
    OBJECT(subscription_spec, "spec", .required = true),
    END,
};

static bool subscription_check(const json_t *object, const json_t *old,
                               struct validation_error *problem)
{
    json_auto_t *hub = kind_convert(object, &kind_subscription_v1alpha1, &kind_subscription);
    json_auto_t *before =
        old ? kind_convert(old, &kind_subscription_v1alpha1, &kind_subscription) : NULL;
    return kind_validate(&kind_subscription, hub, before, problem);
}

static json_t *subscription_from_hub(const json_t *hub)
{
    json_t *reply_channel = json_at(hub, "spec.reply.ref");
    json_t *spec = json_pack("{s:O*, s:O*}", "channel", json_at(hub, "spec.channel"), "subscriber",
                             json_at(hub, "spec.subscriber"));
    if (reply_channel)
        json_object_set_new(spec, "reply", json_pack("{s:O}", "channel", reply_channel));
    json_t *object = json_copy((json_t *)hub);
    json_object_set_new(object, "spec", spec);
    return object;
}

const struct kind kind_subscription_v1alpha1 = {
    KIND_NAMES("eventing.knative.dev", "v1alpha1", "Subscription", "subscription"),
    .fields = subscription,
    .columns = age_only,
    .check = subscription_check,
    .hub = &kind_subscription,
    .to_hub = migration_subscription,
    .from_hub = subscription_from_hub,
};
