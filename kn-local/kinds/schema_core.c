/* SPDX-License-Identifier: Apache-2.0 */
/* The Kubernetes types that manifests and kubectl need besides Knative's. */
#include "base/base64.h"
#include "base/str.h"
#include "kn-local/kinds/schema.h"

static const char *const no_names[] = {NULL};

static const char *rule_base64(const json_t *value)
{
    const char *fault = schema_rule_data_keys(value);
    if (fault)
        return fault;
    const char *key;
    json_t *text;
    json_object_foreach((json_t *)value, key, text)
    {
        OWN(buf) struct buf out = {0};
        if (!base64_decode(bytes_of(json_string_value(text)), &out))
            return "has a value that is not valid base64; put plain strings into stringData";
    }
    return NULL;
}

static const struct schema_field secret[] = {
    STRING("type"),
    STRING_MAP("data", .rule = rule_base64),
    STRING_MAP("stringData", .rule = schema_rule_data_keys),
    BOOLEAN("immutable"),
    END,
};

const struct kind kind_secret = {
    KIND_NAMES("", "v1", "Secret", "secret"),
    .short_names = no_names,
    .fields = secret,
    .builtin = true,
};

static const struct schema_field config_map[] = {
    STRING_MAP("data", .rule = schema_rule_data_keys),
    STRING_MAP("binaryData", .rule = rule_base64),
    BOOLEAN("immutable"),
    END,
};
static const char *const config_map_short[] = {"cm", NULL};

const struct kind kind_config_map = {
    KIND_NAMES("", "v1", "ConfigMap", "configmap"),
    .short_names = config_map_short,
    .fields = config_map,
    .builtin = true,
};

static const struct schema_field service_account[] = {
    ANY("secrets"),
    ANY("imagePullSecrets"),
    BOOLEAN("automountServiceAccountToken"),
    END,
};
static const char *const service_account_short[] = {"sa", NULL};

const struct kind kind_service_account = {
    KIND_NAMES("", "v1", "ServiceAccount", "serviceaccount"),
    .short_names = service_account_short,
    .fields = service_account,
    .builtin = true,
};

static const struct schema_field namespace_spec[] = {STRING_LIST("finalizers"), END};
static const struct schema_field namespace_fields[] = {OBJECT(namespace_spec, "spec"), END};
static const char *const namespace_short[] = {"ns", NULL};

const struct kind kind_namespace = {
    KIND_NAMES("", "v1", "Namespace", "namespace"),
    .short_names = namespace_short,
    .fields = namespace_fields,
    .cluster_wide = true,
    .builtin = true,
};

static const struct schema_field event[] = {
    ANY("involvedObject", .required = true),
    STRING("reason"),
    STRING("message"),
    STRING("type"),
    ANY("source"),
    STRING("firstTimestamp"),
    STRING("lastTimestamp"),
    ANY("eventTime"),
    INTEGER("count"),
    ANY("series"),
    ANY("related"),
    STRING("action"),
    STRING("reportingComponent"),
    STRING("reportingInstance"),
    END,
};
static const char *const event_short[] = {"ev", NULL};

const struct kind kind_event = {
    KIND_NAMES("", "v1", "Event", "event"),
    .short_names = event_short,
    .fields = event,
    .ephemeral = true,
    .builtin = true,
};

static bool check_pod(const json_t *object, const json_t *old, struct validation_error *problem)
{
    (void)object;
    return old ||
           validation_error_set(problem, "kind",
                                "is Pod: pods are created by services and sources only; write a "
                                "serving.knative.dev/v1 Service");
}

static const struct schema_field pod[] = {ANY("spec"), END};
static const char *const pod_short[] = {"po", NULL};
static const char *const pod_categories[] = {"all", NULL};

const struct kind kind_pod = {
    KIND_NAMES("", "v1", "Pod", "pod"),
    .short_names = pod_short,
    .categories = pod_categories,
    .fields = pod,
    .ephemeral = true,
    .builtin = true,
    .check = check_pod,
};
