/* SPDX-License-Identifier: Apache-2.0 */
/* serving.knative.dev: services and their revisions. */
#include "base/json/json_at.h"
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
    {.name = "URL", .path = "status.url"},
    {.name = "LatestCreated", .path = "status.latestCreatedRevisionName"},
    {.name = "LatestReady", .path = "status.latestReadyRevisionName"},
    {.name = "Ready", .path = "Ready.status"},
    {.name = "Reason", .path = "Ready.reason"},
    {0},
};

/* Set by the platform; Knative's webhook rejects them, too. */
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
        return validation_error_set(problem, path, "is \"%s\", which is set by the platform", name);
    }
    return true;
}

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
            "is not supported; all traffic goes to the latest revision (latestRevision: true, "
            "percent: 100)");
    }
    return true;
}

static bool service_check(const json_t *object, const json_t *old, struct validation_error *problem)
{
    (void)old;
    const json_t *containers = json_at(object, "spec.template.spec.containers");
    if (json_array_size(containers) != 1)
        return validation_error_set(problem, "spec.template.spec.containers",
                                    "has %zu containers; must have exactly one",
                                    json_array_size(containers));
    if (json_string_length(json_at(object, "metadata.name")) > 63)
        return validation_error_set(problem, "metadata.name",
                                    "is too long for a Service; at most 63 characters");
    return check_env(json_array_get(containers, 0), problem) &&
           check_traffic(json_object_get(object, "spec"), problem);
}

const struct kind kind_service = {
    KIND_NAMES("serving.knative.dev", "v1", "Service", "service"),
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
    {.name = "Config Name", .label = "serving.knative.dev/configuration"},
    {.name = "Generation", .label = "serving.knative.dev/configurationGeneration"},
    {.name = "Ready", .path = "Ready.status"},
    {.name = "Reason", .path = "Ready.reason"},
    {.name = "Actual Replicas", .path = "status.actualReplicas"},
    {.name = "Desired Replicas", .path = "status.desiredReplicas"},
    {0},
};

static bool check_revision(const json_t *object, const json_t *old,
                           struct validation_error *problem)
{
    (void)object;
    return old || validation_error_set(problem, "kind",
                                       "is Revision: revisions are created by services only");
}

const struct kind kind_revision = {
    KIND_NAMES("serving.knative.dev", "v1", "Revision", "revision"),
    .short_names = revision_short,
    .categories = serving_categories,
    .fields = revision,
    .columns = revision_columns,
    .check = check_revision,
};
