/* SPDX-License-Identifier: Apache-2.0 */
/* serving.knative.dev: services and the revisions that they make. */
#include "base/str.h"
#include "kn-local/kinds/schema.h"

static const char *const serving_categories[] = {"all", "knative", "serving", NULL};

static const struct schema_field traffic[] = {
    STRING("revisionName"),
    BOOLEAN("latestRevision"),
    INTEGER("percent"),
    STRING("tag"),
    STRING("url"),
    STRING("configurationName"),
    END,
};
static const struct schema_field service_spec[] = {
    OBJECT(schema_pod_template, "template", .required = true),
    LIST(traffic, "traffic"),
    END,
};
static const struct schema_field service[] = {OBJECT(service_spec, "spec", .required = true), END};
static const char *const service_short[] = {"kservice", "ksvc", NULL};
static const struct kind_column service_columns[] = {
    {.name = "URL", .path = ".status.url"},
    {.name = "LatestCreated", .path = ".status.latestCreatedRevisionName"},
    {.name = "LatestReady", .path = ".status.latestReadyRevisionName"},
    {.name = "Ready", .path = "Ready.status"},
    {.name = "Reason", .path = "Ready.reason"},
    {0},
};

/* What the platform sets itself; Knative's webhook refuses them too. */
static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"};
    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
        if (str_equal(name, reserved[i]))
            return true;
    return false;
}

static bool check_env(const json_t *container, struct validation_error *problem)
{
    size_t index;
    json_t *variable;
    json_array_foreach(json_object_get(container, "env"), index, variable)
    {
        const char *name = json_string_value(json_object_get(variable, "name"));
        if (!name || !is_reserved(name))
            continue;
        OWN(free) char *path = str_format("spec.template.spec.containers[0].env[%zu].name", index);
        return validation_error_set(problem, path, "is \"%s\", which the platform sets", name);
    }
    return true;
}

/* All traffic goes to the latest revision here. */
static bool check_traffic(const json_t *spec, struct validation_error *problem)
{
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(spec, "traffic"), index, item)
    {
        if (json_is_true(json_object_get(item, "latestRevision")) &&
            json_integer_value(json_object_get(item, "percent")) == 100)
            continue;
        OWN(free) char *path = str_format("spec.traffic[%zu]", index);
        return validation_error_set(
            problem, path,
            "splits traffic, which is not built here: want latestRevision: true "
            "and percent: 100");
    }
    return true;
}

static bool service_check(const json_t *object, const json_t *old, struct validation_error *problem)
{
    (void)old;
    const json_t *spec = json_object_get(object, "spec");
    const json_t *pod = json_object_get(json_object_get(spec, "template"), "spec");
    const json_t *containers = json_object_get(pod, "containers");
    if (json_array_size(containers) != 1)
        return validation_error_set(problem, "spec.template.spec.containers",
                                    "has %zu containers, want exactly one",
                                    json_array_size(containers));
    const json_t *name = json_object_get(json_object_get(object, "metadata"), "name");
    if (json_string_length(name) > 63)
        return validation_error_set(problem, "metadata.name",
                                    "is too long for a Service: at most 63");
    return check_env(json_array_get(containers, 0), problem) && check_traffic(spec, problem);
}

const struct kind kind_service = {
    .group = "serving.knative.dev",
    .version = "v1",
    .name = "Service",
    .plural = "services",
    .singular = "service",
    .short_names = service_short,
    .categories = serving_categories,
    .fields = service,
    .columns = service_columns,
    .check = service_check,
    .controller = CONTROLLER_SERVICE,
    .addressable = true,
};

static const struct schema_field revision[] = {ANY("spec"), END};
static const char *const revision_short[] = {"rev", NULL};
static const struct kind_column revision_columns[] = {
    {.name = "Config Name", .path = ".metadata.labels.serving\\.knative\\.dev/configuration"},
    {.name = "Generation",
     .path = ".metadata.labels.serving\\.knative\\.dev/configurationGeneration"},
    {.name = "Ready", .path = "Ready.status"},
    {.name = "Reason", .path = "Ready.reason"},
    {.name = "Actual Replicas", .path = ".status.actualReplicas"},
    {.name = "Desired Replicas", .path = ".status.desiredReplicas"},
    {0},
};

static bool revisions_are_made(const json_t *object, const json_t *old,
                               struct validation_error *problem)
{
    (void)object;
    return old ||
           validation_error_set(problem, "kind", "is Revision: revisions are made by services");
}

const struct kind kind_revision = {
    .group = "serving.knative.dev",
    .version = "v1",
    .name = "Revision",
    .plural = "revisions",
    .singular = "revision",
    .short_names = revision_short,
    .categories = serving_categories,
    .fields = revision,
    .columns = revision_columns,
    .check = revisions_are_made,
};
