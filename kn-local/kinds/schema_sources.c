/* SPDX-License-Identifier: Apache-2.0 */
/* sources.knative.dev: ContainerSource and PingSource. */
#include "base/base64.h"
#include "base/json/json_at.h"
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
    {.name = "Sink", .path = "status.sinkUri"},
    {.name = "Age", .path = "metadata.creationTimestamp", .type = COLUMN_AGE},
    {.name = "Ready", .path = "Ready.status"},
    {.name = "Reason", .path = "Ready.reason"},
    {0},
};

static bool container_check(const json_t *object, const json_t *old,
                            struct validation_error *problem)
{
    (void)old;
    size_t count = json_array_size(json_at(object, "spec.template.spec.containers"));
    return count == 1 || validation_error_set(problem, "spec.template.spec.containers",
                                              "has %zu containers; must have exactly one", count);
}

const struct kind kind_container_source = {
    KIND_NAMES("sources.knative.dev", "v1", "ContainerSource", "containersource"),
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
    {.name = "Sink", .path = "status.sinkUri"},
    {.name = "Schedule", .path = "spec.schedule"},
    {.name = "Age", .path = "metadata.creationTimestamp", .type = COLUMN_AGE},
    {.name = "Ready", .path = "Ready.status"},
    {.name = "Reason", .path = "Ready.reason"},
    {0},
};

static bool check_schedule(const json_t *spec, struct validation_error *problem)
{
    const char *schedule = json_text_at(spec, "schedule");
    const char *timezone = json_text_at(spec, "timezone");
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
    const char *encoded = json_text_at(spec, "dataBase64");
    if (encoded && !str_empty(json_text_at(spec, "data")))
        return validation_error_set(problem, "spec.dataBase64", "cannot be combined with data");
    OWN(buf) struct buf data = {0};
    if (encoded && !base64_decode(bytes_of(encoded), &data))
        return validation_error_set(problem, "spec.dataBase64", "is not valid base64");
    return check_schedule(spec, problem);
}

const struct kind kind_ping_source = {
    KIND_NAMES("sources.knative.dev", "v1", "PingSource", "pingsource"),
    .categories = source_categories,
    .fields = ping_source,
    .columns = ping_columns,
    .check = ping_check,
    .controller = CONTROLLER_SOURCE,
};

const struct kind kind_ping_source_v1beta2 = {
    KIND_NAMES("sources.knative.dev", "v1beta2", "PingSource", "pingsource"),
    .categories = source_categories,
    .fields = ping_source,
    .columns = ping_columns,
    .check = ping_check,
    .hub = &kind_ping_source,
};
