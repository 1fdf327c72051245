/* SPDX-License-Identifier: Apache-2.0 */
/* The Service of 2019, serving.knative.dev/v1alpha1 with runLatest. */
#include "base/json/json_at.h"
#include "kn-local/kinds/migration.h"
#include "kn-local/kinds/schema.h"

static const struct schema_field revision_spec[] = {
    OBJECT(schema_container, "container", .required = true),
    STRING("concurrencyModel"),
    INTEGER("containerConcurrency"),
    INTEGER("timeoutSeconds"),
    STRING("serviceAccountName"),
    ANY("volumes"),
    INTEGER("generation"),
    END,
};
static const struct schema_field revision_template[] = {
    OBJECT(schema_metadata, "metadata"),
    OBJECT(revision_spec, "spec", .required = true),
    END,
};
static const struct schema_field configuration[] = {
    OBJECT(revision_template, "revisionTemplate", .required = true),
    ANY("build"),
    END,
};
static const struct schema_field run_latest[] = {
    OBJECT(configuration, "configuration", .required = true),
    END,
};
static const struct schema_field service_spec[] = {
    OBJECT(run_latest, "runLatest", .required = true),
    INTEGER("generation"),
    END,
};
static const struct schema_field service[] = {OBJECT(service_spec, "spec", .required = true), END};

static json_t *service_from_hub(const json_t *hub)
{
    json_auto_t *template = json_deep_copy(json_at(hub, "spec.template"));
    json_t *spec = json_object_get(template, "spec");
    json_t *container = json_at(spec, "containers[0]");
    if (container)
        json_object_set(spec, "container", container);
    json_object_del(spec, "containers");
    json_t *object = json_copy((json_t *)hub);
    json_object_set_new(
        object, "spec",
        json_pack("{s:{s:{s:O}}}", "runLatest", "configuration", "revisionTemplate", template));
    return object;
}

static bool service_check(const json_t *object, const json_t *old, struct validation_error *problem)
{
    (void)old;
    json_auto_t *hub = kind_convert(object, &kind_service_v1alpha1, &kind_service);
    return kind_validate(&kind_service, hub, NULL, problem);
}

static const char *const service_short[] = {"kservice", "ksvc", NULL};
static const struct kind_column service_columns[] = {
    {.name = "Domain", .path = "status.domain"},
    {.name = "LatestCreated", .path = "status.latestCreatedRevisionName"},
    {.name = "LatestReady", .path = "status.latestReadyRevisionName"},
    {.name = "Ready", .path = "Ready.status"},
    {.name = "Reason", .path = "Ready.reason"},
    {0},
};

const struct kind kind_service_v1alpha1 = {
    KIND_NAMES("serving.knative.dev", "v1alpha1", "Service", "service"),
    .short_names = service_short,
    .categories = schema_knative_categories,
    .fields = service,
    .columns = service_columns,
    .check = service_check,
    .hub = &kind_service,
    .to_hub = migration_service,
    .from_hub = service_from_hub,
};
