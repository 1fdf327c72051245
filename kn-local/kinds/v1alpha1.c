/* The kinds of 2019: eventing.knative.dev, sources.eventing.knative.dev and serving.knative.dev in
 * v1alpha1, and how they are said today. */
#include "base/str.h"
#include "kn-local/kinds/schema.h"

static const struct column age_only[] = {
    {.name = "Age", .path = ".metadata.creationTimestamp", .type = COLUMN_AGE},
    {0},
};

static const struct field object_reference[] = {
    TEXT("apiVersion"),
    TEXT("kind", .required = true),
    TEXT("name", .required = true),
    TEXT("namespace"),
    TEXT("uid"),
    TEXT("resourceVersion"),
    TEXT("fieldPath"),
    END,
};

/* Copies a member, if it is there. */
static void copy_member(const json_t *from, const char *key, json_t *to, const char *as)
{
    json_t *value = json_object_get(from, key);
    if (value)
        json_object_set(to, as, value);
}

/* ---- Channel --------------------------------------------------------------------------------- */

static const struct field channel_spec[] = {
    OBJECT(object_reference, "provisioner"),
    ANY("arguments"),
    ANY("subscribable"),
    NUMBER("generation"),
    END,
};
static const struct field channel[] = {OBJECT(channel_spec, "spec"), END};
static const char *const channel_short[] = {"chan", NULL};
static const char in_memory[] = "in-memory-channel";

static bool channel_check(const json_t *object, const json_t *old, struct problem *problem)
{
    const json_t *spec = json_object_get(object, "spec");
    const json_t *provisioner = json_object_get(spec, "provisioner");
    if (old &&
        !json_equal(provisioner, json_object_get(json_object_get(old, "spec"), "provisioner")))
        return problem_set(problem, "spec.provisioner",
                           "cannot be changed; delete the object and make it anew");
    static const char *const names[] = {in_memory, "in-memory", "kafka", "gcp-pubsub"};
    const char *name = json_string_value(json_object_get(provisioner, "name"));
    for (size_t i = 0; i < COUNT(names); i++)
        if (!name || str_equal(name, names[i]))
            return true;
    return problem_set(problem, "spec.provisioner.name",
                       "is \"%.60s\", want in-memory-channel, kafka or gcp-pubsub", name);
}

static bool is_in_memory(const char *provisioner)
{
    return provisioner && str_starts(provisioner, "in-memory");
}

/* The provisioner becomes the template; what keeps events is a KafkaChannel today. */
static json_t *channel_to_today(const json_t *object)
{
    json_t *today = json_copy((json_t *)object);
    const json_t *spec = json_object_get(object, "spec");
    const char *name =
        json_string_value(json_object_get(json_object_get(spec, "provisioner"), "name"));
    json_t *changed = json_object();
    if (name)
        json_object_set_new(changed, "channelTemplate",
                            json_pack("{s:s, s:s}", "apiVersion", "messaging.knative.dev/v1",
                                      "kind",
                                      is_in_memory(name) ? "InMemoryChannel" : "KafkaChannel"));
    json_object_set_new(today, "spec", changed);
    return today;
}

static json_t *channel_from_today(const json_t *today)
{
    json_t *object = json_copy((json_t *)today);
    const json_t *spec = json_object_get(today, "spec");
    const char *kind =
        json_string_value(json_object_get(json_object_get(spec, "channelTemplate"), "kind"));
    json_t *changed = json_object();
    if (kind)
        json_object_set_new(changed, "provisioner",
                            json_pack("{s:s, s:s, s:s}", "apiVersion",
                                      "eventing.knative.dev/v1alpha1", "kind",
                                      "ClusterChannelProvisioner", "name",
                                      str_equal(kind, "KafkaChannel") ? "kafka" : in_memory));
    json_object_set_new(object, "spec", changed);
    return object;
}

const struct kind kind_channel_v1alpha1 = {
    .group = "eventing.knative.dev",
    .version = "v1alpha1",
    .name = "Channel",
    .plural = "channels",
    .singular = "channel",
    .short_names = channel_short,
    .fields = channel,
    .columns = age_only,
    .check = channel_check,
    .today = &kind_channel,
    .to_today = channel_to_today,
    .from_today = channel_from_today,
};

/* ---- Subscription ---------------------------------------------------------------------------- */

static const struct field subscriber[] = {
    OBJECT(object_reference, "ref"),
    TEXT("dnsName"),
    TEXT("uri"),
    END,
};
static const struct field reply[] = {OBJECT(object_reference, "channel"), END};
static const struct field subscription_spec[] = {
    OBJECT(object_reference, "channel", .required = true),
    OBJECT(subscriber, "subscriber"),
    OBJECT(reply, "reply"),
    NUMBER("generation"),
    END,
};
static const struct field subscription[] = {
    OBJECT(subscription_spec, "spec", .required = true),
    END,
};

static bool subscription_check(const json_t *object, const json_t *old, struct problem *problem)
{
    json_auto_t *today = kind_convert(object, &kind_subscription_v1alpha1, &kind_subscription);
    json_auto_t *before =
        old ? kind_convert(old, &kind_subscription_v1alpha1, &kind_subscription) : NULL;
    return kind_check(&kind_subscription, today, before, problem);
}

/* References to 2019's kinds mean today's. */
static json_t *reference_today(const json_t *reference)
{
    json_t *today = json_pack("{s:O*, s:O*, s:O*}", "kind", json_object_get(reference, "kind"),
                              "name", json_object_get(reference, "name"), "namespace",
                              json_object_get(reference, "namespace"));
    const char *version = json_string_value(json_object_get(reference, "apiVersion"));
    if (str_equal(version, "eventing.knative.dev/v1alpha1"))
        version = "messaging.knative.dev/v1";
    else if (str_equal(version, "serving.knative.dev/v1alpha1"))
        version = "serving.knative.dev/v1";
    if (version)
        json_object_set_new(today, "apiVersion", json_string(version));
    return today;
}

static json_t *subscriber_today(const json_t *old)
{
    json_t *today = json_object();
    const json_t *ref = json_object_get(old, "ref");
    if (ref)
        json_object_set_new(today, "ref", reference_today(ref));
    copy_member(old, "dnsName", today, "uri");
    copy_member(old, "uri", today, "uri");
    return today;
}

static json_t *subscription_to_today(const json_t *object)
{
    const json_t *spec = json_object_get(object, "spec");
    json_t *changed =
        json_pack("{s:o}", "channel", reference_today(json_object_get(spec, "channel")));
    const json_t *to = json_object_get(spec, "subscriber");
    if (to)
        json_object_set_new(changed, "subscriber", subscriber_today(to));
    const json_t *back = json_object_get(json_object_get(spec, "reply"), "channel");
    if (back)
        json_object_set_new(changed, "reply", json_pack("{s:o}", "ref", reference_today(back)));
    json_t *today = json_copy((json_t *)object);
    json_object_set_new(today, "spec", changed);
    return today;
}

static json_t *subscription_from_today(const json_t *today)
{
    const json_t *spec = json_object_get(today, "spec");
    json_t *changed = json_object();
    copy_member(spec, "channel", changed, "channel");
    copy_member(spec, "subscriber", changed, "subscriber");
    const json_t *back = json_object_get(json_object_get(spec, "reply"), "ref");
    if (back)
        json_object_set_new(changed, "reply", json_pack("{s:O}", "channel", back));
    json_t *object = json_copy((json_t *)today);
    json_object_set_new(object, "spec", changed);
    return object;
}

const struct kind kind_subscription_v1alpha1 = {
    .group = "eventing.knative.dev",
    .version = "v1alpha1",
    .name = "Subscription",
    .plural = "subscriptions",
    .singular = "subscription",
    .fields = subscription,
    .columns = age_only,
    .check = subscription_check,
    .today = &kind_subscription,
    .to_today = subscription_to_today,
    .from_today = subscription_from_today,
};

/* ---- GcpPubSubSource: a kind of its own, nothing of today takes its place -------------------- */

static const struct field secret_key[] = {
    TEXT("name", .required = true),
    TEXT("key", .required = true),
    SWITCH("optional"),
    END,
};
static const struct field gcp_spec[] = {
    OBJECT(secret_key, "gcpCredsSecret"),
    TEXT("googleCloudProject", .required = true),
    TEXT("topic", .required = true),
    OBJECT(object_reference, "sink", .required = true),
    OBJECT(object_reference, "transformer"),
    TEXT("serviceAccountName"),
    END,
};
static const struct field gcp[] = {OBJECT(gcp_spec, "spec", .required = true), END};

static bool gcp_check(const json_t *object, const json_t *old, struct problem *problem)
{
    (void)old;
    return !json_object_get(json_object_get(object, "spec"), "transformer") ||
           problem_set(problem, "spec.transformer", "is not built here");
}

const struct kind kind_gcp_pubsub_source = {
    .group = "sources.eventing.knative.dev",
    .version = "v1alpha1",
    .name = "GcpPubSubSource",
    .plural = "gcppubsubsources",
    .singular = "gcppubsubsource",
    .categories = category_knative_all,
    .fields = gcp,
    .columns = age_only,
    .check = gcp_check,
};
