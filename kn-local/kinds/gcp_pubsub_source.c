/* SPDX-License-Identifier: Apache-2.0 */
/* GcpPubSubSource of 2019: its fields, and the pod that does its work today. */
#include "kn-local/kinds/gcp_pubsub_source.h"

#include "base/json/json_at.h"
#include "base/str.h"
#include "kn-local/kinds/object.h"
#include "kn-local/kinds/schema.h"

static const struct kind_column columns[] = {
    {.name = "Age", .path = "metadata.creationTimestamp", .type = COLUMN_AGE},
    {0},
};

static const struct schema_field secret_key[] = {
    STRING("name", .required = true),
    STRING("key", .required = true),
    BOOLEAN("optional"),
    END,
};
static const struct schema_field sink[] = {
    STRING("apiVersion"),
    STRING("kind", .required = true),
    STRING("name", .required = true),
    STRING("namespace"),
    STRING("uid"),
    STRING("resourceVersion"),
    STRING("fieldPath"),
    END,
};
static const struct schema_field gcp_spec[] = {
    OBJECT(secret_key, "gcpCredsSecret"),
    STRING("googleCloudProject", .required = true),
    STRING("topic", .required = true),
    OBJECT(sink, "sink", .required = true),
    OBJECT(sink, "transformer"),
    STRING("serviceAccountName"),
    END,
};
static const struct schema_field gcp[] = {OBJECT(gcp_spec, "spec", .required = true), END};

static bool gcp_check(const json_t *object, const json_t *old, struct validation_error *problem)
{
    (void)old;
    return !json_at(object, "spec.transformer") ||
           validation_error_set(
               problem, "spec.transformer",
               "is not supported; subscribe a service that transforms, and give the "
               "Subscription a reply");
}

const struct kind kind_gcp_pubsub_source = {
    KIND_NAMES("sources.eventing.knative.dev", "v1alpha1", "GcpPubSubSource", "gcppubsubsource"),
    .categories = schema_knative_categories,
    .fields = gcp,
    .columns = columns,
    .check = gcp_check,
    .controller = CONTROLLER_SOURCE,
};

static json_t *variable(const char *name, json_t *value)
{
    return json_pack("{s:s, s:o}", "name", name, "value", value);
}

json_t *gcp_pubsub_source_pod_spec(const json_t *object, const char *image, bool with_key)
{
    static const char folder[] = "/var/secrets/google";
    const json_t *spec = json_object_get(object, "spec");
    const char *ns = object_ns(object);
    OWN(free) char *subscription =
        str_format("knative-eventing_%s_%s", *ns ? ns : "default", object_name(object));
    json_t *env = json_pack(
        "[o, o, o, o]",
        variable("GOOGLE_CLOUD_PROJECT", json_incref(json_object_get(spec, "googleCloudProject"))),
        variable("PUBSUB_TOPIC", json_incref(json_object_get(spec, "topic"))),
        variable("PUBSUB_SUBSCRIPTION", json_string(subscription)),
        variable("EVENT_FORM", json_string("legacy")));
    json_t *container =
        json_pack("{s:s, s:s, s:o}", "name", "receive-adapter", "image", image, "env", env);
    json_t *pod = json_pack("{s:O*, s:[o]}", "serviceAccountName",
                            json_object_get(spec, "serviceAccountName"), "containers", container);
    if (!with_key)
        return pod;
    OWN(free) char *path = str_format("%s/%s", folder, json_text_at(spec, "gcpCredsSecret.key"));
    json_array_append_new(env, variable("GOOGLE_APPLICATION_CREDENTIALS", json_string(path)));
    json_object_set_new(container, "volumeMounts",
                        json_pack("[{s:s, s:s, s:b}]", "name", "google-cloud-key", "mountPath",
                                  folder, "readOnly", 1));
    json_object_set_new(pod, "volumes",
                        json_pack("[{s:s, s:{s:O, s:b}}]", "name", "google-cloud-key", "secret",
                                  "secretName", json_at(spec, "gcpCredsSecret.name"), "optional",
                                  1));
    return pod;
}
