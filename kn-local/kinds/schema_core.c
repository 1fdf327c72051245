/* The Kubernetes types that manifests and kubectl need besides Knative's. */
#include "base/base64.h"
#include "base/str.h"
#include "kn-local/kinds/schema.h"

static const char *const no_names[] = {NULL};

/* ---- Secret, ConfigMap, ServiceAccount ------------------------------------------------------- */

static const char *rule_base64(const json_t *value)
{
    const char *wrong = rule_keys(value);
    if (wrong)
        return wrong;
    const char *key;
    json_t *text;
    json_object_foreach((json_t *)value, key, text)
    {
        OWN(buf) struct buf out = {0};
        if (!base64_decode(bytes_of(json_string_value(text)), &out))
            return "holds a value that is no base64; plain texts belong into stringData";
    }
    return NULL;
}

static const struct field secret[] = {
    TEXT("type"),
    TEXT_MAP("data", .rule = rule_base64),
    TEXT_MAP("stringData", .rule = rule_keys),
    SWITCH("immutable"),
    END,
};

const struct kind kind_secret = {
    .group = "",
    .version = "v1",
    .name = "Secret",
    .plural = "secrets",
    .singular = "secret",
    .short_names = no_names,
    .fields = secret,
    .plain = true,
};

static const struct field config_map[] = {
    TEXT_MAP("data", .rule = rule_keys),
    TEXT_MAP("binaryData", .rule = rule_base64),
    SWITCH("immutable"),
    END,
};
static const char *const config_map_short[] = {"cm", NULL};

const struct kind kind_config_map = {
    .group = "",
    .version = "v1",
    .name = "ConfigMap",
    .plural = "configmaps",
    .singular = "configmap",
    .short_names = config_map_short,
    .fields = config_map,
    .plain = true,
};

static const struct field service_account[] = {
    ANY("secrets"),
    ANY("imagePullSecrets"),
    SWITCH("automountServiceAccountToken"),
    END,
};
static const char *const service_account_short[] = {"sa", NULL};

const struct kind kind_service_account = {
    .group = "",
    .version = "v1",
    .name = "ServiceAccount",
    .plural = "serviceaccounts",
    .singular = "serviceaccount",
    .short_names = service_account_short,
    .fields = service_account,
    .plain = true,
};

/* ---- Namespace, Event, Pod ------------------------------------------------------------------- */

static const struct field namespace_spec[] = {TEXTS("finalizers"), END};
static const struct field namespace_fields[] = {OBJECT(namespace_spec, "spec"), END};
static const char *const namespace_short[] = {"ns", NULL};

const struct kind kind_namespace = {
    .group = "",
    .version = "v1",
    .name = "Namespace",
    .plural = "namespaces",
    .singular = "namespace",
    .short_names = namespace_short,
    .fields = namespace_fields,
    .cluster_wide = true,
    .plain = true,
};

static const struct field event[] = {
    ANY("involvedObject", .required = true),
    TEXT("reason"),
    TEXT("message"),
    TEXT("type"),
    ANY("source"),
    TEXT("firstTimestamp"),
    TEXT("lastTimestamp"),
    ANY("eventTime"),
    NUMBER("count"),
    ANY("series"),
    ANY("related"),
    TEXT("action"),
    TEXT("reportingComponent"),
    TEXT("reportingInstance"),
    END,
};
static const char *const event_short[] = {"ev", NULL};

const struct kind kind_event = {
    .group = "",
    .version = "v1",
    .name = "Event",
    .plural = "events",
    .singular = "event",
    .short_names = event_short,
    .fields = event,
    .transient = true,
    .plain = true,
};

static bool pods_are_made(const json_t *object, const json_t *old, struct problem *problem)
{
    (void)object;
    return old || problem_set(problem, "kind",
                              "is Pod: pods are made by services and sources here; write a "
                              "serving.knative.dev/v1 Service");
}

static const struct field pod[] = {ANY("spec"), END};
static const char *const pod_short[] = {"po", NULL};
static const char *const pod_categories[] = {"all", NULL};

const struct kind kind_pod = {
    .group = "",
    .version = "v1",
    .name = "Pod",
    .plural = "pods",
    .singular = "pod",
    .short_names = pod_short,
    .categories = pod_categories,
    .fields = pod,
    .transient = true,
    .plain = true,
    .check = pods_are_made,
};
