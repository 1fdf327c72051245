/* SPDX-License-Identifier: Apache-2.0 */
/* sources.knative.dev: ContainerSource and PingSource. */
#include "base/base64.h"
#include "base/str.h"
#include "kn-local/kinds/schema.h"
#include "kn-local/schedule/cron.h"
#include "kn-local/schedule/timezone.h"

static const char *const source_categories[] = {"all", "knative", "sources", NULL};

static const struct schema_field overrides[] = {STRING_MAP("extensions"), END};

static const struct schema_field container_spec[] = {
    OBJECT(schema_pod_template, "template", .required = true),
    OBJECT(schema_destination, "sink", .required = true, .rule = schema_rule_destination),
    OBJECT(overrides, "ceOverrides"),
    END,
};
static const struct schema_field container_source[] = {
    OBJECT(container_spec, "spec", .required = true), END};
static const struct kind_column container_columns[] = {
    {.name = "Sink", .path = ".status.sinkUri"},
    {.name = "Age", .path = ".metadata.creationTimestamp", .type = COLUMN_AGE},
    {.name = "Ready", .path = "Ready.status"},
    {.name = "Reason", .path = "Ready.reason"},
    {0},
};

static bool container_check(const json_t *object, const json_t *old,
                            struct validation_error *problem)
{
    (void)old;
    const json_t *spec = json_object_get(object, "spec");
    const json_t *pod = json_object_get(json_object_get(spec, "template"), "spec");
    size_t count = json_array_size(json_object_get(pod, "containers"));
    return count == 1 || validation_error_set(problem, "spec.template.spec.containers",
                                              "has %zu containers; here one is run", count);
}

const struct kind kind_container_source = {
    .group = "sources.knative.dev",
    .version = "v1",
    .name = "ContainerSource",
    .plural = "containersources",
    .singular = "containersource",
    .categories = source_categories,
    .fields = container_source,
    .columns = container_columns,
    .check = container_check,
    .controller = CONTROLLER_SOURCE,
};

static const struct schema_field ping_spec[] = {
    STRING("schedule"),
    STRING("timezone"),
    STRING("contentType"),
    STRING("data"),
    STRING("dataBase64"),
    OBJECT(schema_destination, "sink", .required = true, .rule = schema_rule_destination),
    OBJECT(overrides, "ceOverrides"),
    END,
};
static const struct schema_field ping_source[] = {OBJECT(ping_spec, "spec", .required = true), END};
static const struct kind_column ping_columns[] = {
    {.name = "Sink", .path = ".status.sinkUri"},
    {.name = "Schedule", .path = ".spec.schedule"},
    {.name = "Age", .path = ".metadata.creationTimestamp", .type = COLUMN_AGE},
    {.name = "Ready", .path = "Ready.status"},
    {.name = "Reason", .path = "Ready.reason"},
    {0},
};

static bool check_schedule(const json_t *spec, struct validation_error *problem)
{
    const char *schedule = json_string_value(json_object_get(spec, "schedule"));
    const char *timezone = json_string_value(json_object_get(spec, "timezone"));
    struct err err = {0};
    struct cron cron;
    if (schedule && !cron_parse(schedule, &cron, &err))
        return validation_error_set(problem, "spec.schedule", "%.200s", err.text);
    OWN(time_zone) struct time_zone *zone = timezone ? timezone_open(timezone, &err) : NULL;
    return !timezone || zone || validation_error_set(problem, "spec.timezone", "%.200s", err.text);
}

static bool ping_check(const json_t *object, const json_t *old, struct validation_error *problem)
{
    (void)old;
    const json_t *spec = json_object_get(object, "spec");
    const char *encoded = json_string_value(json_object_get(spec, "dataBase64"));
    if (encoded && !str_empty(json_string_value(json_object_get(spec, "data"))))
        return validation_error_set(problem, "spec.dataBase64", "and data exclude each other");
    OWN(buf) struct buf data = {0};
    if (encoded && !base64_decode(bytes_of(encoded), &data))
        return validation_error_set(problem, "spec.dataBase64", "is no base64");
    return check_schedule(spec, problem);
}

const struct kind kind_ping_source = {
    .group = "sources.knative.dev",
    .version = "v1",
    .name = "PingSource",
    .plural = "pingsources",
    .singular = "pingsource",
    .categories = source_categories,
    .fields = ping_source,
    .columns = ping_columns,
    .check = ping_check,
    .controller = CONTROLLER_SOURCE,
};

const struct kind kind_ping_source_v1beta2 = {
    .group = "sources.knative.dev",
    .version = "v1beta2",
    .name = "PingSource",
    .plural = "pingsources",
    .singular = "pingsource",
    .categories = source_categories,
    .fields = ping_source,
    .columns = ping_columns,
    .check = ping_check,
    .hub = &kind_ping_source,
};
