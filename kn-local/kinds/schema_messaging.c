/* SPDX-License-Identifier: Apache-2.0 */
/* messaging.knative.dev: channels and subscriptions. */
#include "base/json/json_at.h"
#include "base/str.h"
#include "kn-local/kinds/schema.h"

static const struct kind_column channel_columns[] = {
    {.name = "URL", .path = "status.address.url"},
    {.name = "Age", .path = "metadata.creationTimestamp", .type = COLUMN_AGE},
    {.name = "Ready", .path = "Ready.status"},
    {.name = "Reason", .path = "Ready.reason"},
    {0},
};

/* Knative's have the category "channel" as well, so that `kubectl get channel` asks for all these
 * kinds at once; here it does not. */
static const char *const channel_categories[] = {"all", "knative", "messaging", NULL};

/* Knative writes the subscribers itself; those of a manifest are kept and have no effect. */
static const struct schema_field subscribable[] = {
    OBJECT(schema_delivery, "delivery"),
    ANY("subscribers"),
    END,
};
static const struct schema_field subscribable_spec[] = {OBJECT(subscribable, "spec"), END};

static const char *const channel_kinds[] = {"InMemoryChannel", "KafkaChannel", NULL};
static const struct schema_field channel_template[] = {
    STRING("apiVersion"),
    STRING("kind", .required = true, .values = channel_kinds),
    ANY("spec"),
    END,
};
static const struct schema_field channel_spec[] = {
    OBJECT(channel_template, "channelTemplate"),
    OBJECT(schema_delivery, "delivery"),
    ANY("subscribers"),
    END,
};
static const struct schema_field channel[] = {OBJECT(channel_spec, "spec"), END};
static const char *const channel_short[] = {"ch", NULL};

static bool check_immutable(const json_t *object, const json_t *old, const char *path,
                            struct validation_error *problem)
{
    const json_t *before = json_at(old, path);
    const json_t *after = json_at(object, path);
    if (!old || before == after || (before && after && json_equal(before, after)))
        return true;
    return validation_error_set(problem, path, "is immutable; delete and recreate the object");
}

static bool channel_check(const json_t *object, const json_t *old, struct validation_error *problem)
{
    return check_immutable(object, old, "spec.channelTemplate", problem);
}

const struct kind kind_channel = {
    KIND_NAMES("messaging.knative.dev", "v1", "Channel", "channel"),
    .short_names = channel_short,
    .categories = channel_categories,
    .fields = channel,
    .columns = channel_columns,
    .check = channel_check,
    .controller = CONTROLLER_CHANNEL,
    .addressable = true,
};

static const char *const in_memory_short[] = {"imc", NULL};

const struct kind kind_in_memory_channel = {
    KIND_NAMES("messaging.knative.dev", "v1", "InMemoryChannel", "inmemorychannel"),
    .short_names = in_memory_short,
    .categories = channel_categories,
    .fields = subscribable_spec,
    .columns = channel_columns,
    .controller = CONTROLLER_CHANNEL,
    .addressable = true,
};

static const struct schema_field kafka_spec[] = {
    INTEGER("numPartitions", .min = 1),
    INTEGER("replicationFactor", .min = 1),
    STRING("retentionDuration", .rule = schema_rule_duration),
    OBJECT(schema_delivery, "delivery"),
    ANY("subscribers"),
    END,
};
static const struct schema_field kafka[] = {OBJECT(kafka_spec, "spec"), END};
static const char *const kafka_short[] = {"kc", NULL};
static const struct kind_column kafka_columns[] = {
    {.name = "Ready", .path = "Ready.status"},
    {.name = "Reason", .path = "Ready.reason"},
    {.name = "URL", .path = "status.address.url"},
    {.name = "Age", .path = "metadata.creationTimestamp", .type = COLUMN_AGE},
    {0},
};

const struct kind kind_kafka_channel = {
    KIND_NAMES("messaging.knative.dev", "v1", "KafkaChannel", "kafkachannel"),
    .short_names = kafka_short,
    .categories = channel_categories,
    .fields = kafka,
    .columns = kafka_columns,
    .controller = CONTROLLER_CHANNEL,
    .addressable = true,
};

const struct kind kind_kafka_channel_v1beta1 = {
    KIND_NAMES("messaging.knative.dev", "v1beta1", "KafkaChannel", "kafkachannel"),
    .short_names = kafka_short,
    .categories = channel_categories,
    .fields = kafka,
    .columns = kafka_columns,
    .hub = &kind_kafka_channel,
};

static const struct schema_field subscription_spec[] = {
    OBJECT(schema_reference, "channel", .required = true),
    OBJECT(schema_destination, "subscriber", .rule = schema_rule_destination),
    OBJECT(schema_destination, "reply", .rule = schema_rule_destination),
    OBJECT(schema_delivery, "delivery"),
    END,
};
static const struct schema_field subscription[] = {
    OBJECT(subscription_spec, "spec", .required = true),
    END,
};
static const char *const subscription_short[] = {"sub", NULL};
static const char *const subscription_categories[] = {"all", "knative", "messaging", NULL};
static const struct kind_column subscription_columns[] = {
    {.name = "Age", .path = "metadata.creationTimestamp", .type = COLUMN_AGE},
    {.name = "Ready", .path = "Ready.status"},
    {.name = "Reason", .path = "Ready.reason"},
    {0},
};

static bool subscription_check(const json_t *object, const json_t *old,
                               struct validation_error *problem)
{
    const char *ns = json_text_at(object, "spec.channel.namespace");
    const char *own = json_text_at(object, "metadata.namespace");
    if (ns && own && !str_equal(ns, own))
        return validation_error_set(problem, "spec.channel.namespace",
                                    "differs from the namespace of the subscription");
    if (!json_at(object, "spec.subscriber") && !json_at(object, "spec.reply"))
        return validation_error_set(problem, "spec.subscriber", "is missing");
    return check_immutable(object, old, "spec.channel", problem);
}

const struct kind kind_subscription = {
    KIND_NAMES("messaging.knative.dev", "v1", "Subscription", "subscription"),
    .short_names = subscription_short,
    .categories = subscription_categories,
    .fields = subscription,
    .columns = subscription_columns,
    .check = subscription_check,
    .controller = CONTROLLER_SUBSCRIPTION,
};
