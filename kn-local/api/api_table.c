/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, as `kubectl get` prints them. */
#include "kn-local/api/api_table.h"

#include "base/json/json_at.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/kinds/kinds.h"
#include "kn-local/kinds/object.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void api_format_age(int64_t duration_ns, char text[API_AGE_SIZE])
{
    int64_t s = duration_ns / NS_PER_SEC;
    int64_t m = s / 60;
    int64_t h = m / 60;
    int64_t d = h / 24;
    struct {
        bool fits;
        int64_t whole, part;
        const char *units;
    } const forms[] = {
        {s < 120, s < 0 ? 0 : s, 0, "s"},
        {m < 10, m, s % 60, "ms"},
        {m < 180, m, 0, "m"},
        {h < 8, h, m % 60, "hm"},
        {h < 48, h, 0, "h"},
        {h < 192, d, h % 24, "dh"},
        {d < 730, d, 0, "d"},
        {d < 2920, d / 365, d % 365, "yd"},
        {true, d / 365, 0, "y"},
    };
    size_t i = 0;
    while (!forms[i].fits)
        i++;
    int len = snprintf(text, API_AGE_SIZE, "%" PRId64 "%c", forms[i].whole, forms[i].units[0]);
    if (forms[i].part)
        snprintf(text + len, API_AGE_SIZE - (size_t)len, "%" PRId64 "%c", forms[i].part,
                 forms[i].units[1]);
}

static json_t *age_since(const char *time, int64_t now_ns)
{
    int64_t then_ns = 0;
    if (!time || !timestamp_parse(time, &then_ns))
        return json_string("<unknown>");
    char text[API_AGE_SIZE];
    api_format_age(now_ns - then_ns, text);
    return json_string(text);
}

static json_t *cell_of(const struct kind_column *column, const json_t *object, int64_t now_ns)
{
    static const char ready[] = "Ready.";
    if (column->label)
        return json_string(object_label(object, column->label));
    const json_t *value =
        str_starts(column->path, ready)
            ? json_object_get(object_condition(object, "Ready"), column->path + strlen(ready))
            : json_at(object, column->path);
    if (column->type == COLUMN_AGE)
        return age_since(json_string_value(value), now_ns);
    return value ? json_incref((json_t *)value) : json_string("");
}

static json_t *age_of(const json_t *object, int64_t now_ns)
{
    return age_since(object_meta(object, "creationTimestamp"), now_ns);
}

/* STATUS: why the container waits or ended, else the phase. */
static const char *pod_status(const json_t *pod)
{
    const json_t *state = json_at(pod, "status.containerStatuses[0].state");
    const char *waiting = json_text_at(state, "waiting.reason");
    const char *ended = json_text_at(state, "terminated.reason");
    const char *phase = json_text_at(pod, "status.phase");
    if (*object_meta(pod, "deletionTimestamp"))
        return "Terminating";
    return waiting ? waiting : ended ? ended : phase ? phase : "Unknown";
}

static json_t *pod_cells(const json_t *pod, int64_t now_ns)
{
    const json_t *container = json_at(pod, "status.containerStatuses[0]");
    json_int_t restarts = json_integer_value(json_object_get(container, "restartCount"));
    OWN(free) char *restart_text = str_format("%" JSON_INTEGER_FORMAT, restarts);
    const char *ip = json_text_at(pod, "status.podIP");
    const char *node = json_text_at(pod, "spec.nodeName");
    return json_pack("[s, s, s, s, o, s, s]", object_name(pod),
                     json_is_true(json_object_get(container, "ready")) ? "1/1" : "0/1",
                     pod_status(pod), restart_text, age_of(pod, now_ns), ip ? ip : "<none>",
                     node ? node : "<none>");
}

static json_t *event_cells(const json_t *event, int64_t now_ns)
{
    const char *kind = json_text_at(event, "involvedObject.kind");
    const char *name = json_text_at(event, "involvedObject.name");
    OWN(free) char *object = str_format("%s/%s", kind ? kind : "", name ? name : "");
    str_lower(object);
    json_t *last = age_since(json_text_at(event, "lastTimestamp"), now_ns);
    const char *type = json_text_at(event, "type");
    const char *reason = json_text_at(event, "reason");
    const char *message = json_text_at(event, "message");
    return json_pack("[o, s, s, s, s]", last, type ? type : "", reason ? reason : "", object,
                     message ? message : "");
}

static json_t *secret_cells(const json_t *secret, int64_t now_ns)
{
    const char *type = json_text_at(secret, "type");
    return json_pack("[s, s, i, o]", object_name(secret), type ? type : "Opaque",
                     (int)json_object_size(json_object_get(secret, "data")),
                     age_of(secret, now_ns));
}

static json_t *config_map_cells(const json_t *map, int64_t now_ns)
{
    size_t count = json_object_size(json_object_get(map, "data")) +
                   json_object_size(json_object_get(map, "binaryData"));
    return json_pack("[s, i, o]", object_name(map), (int)count, age_of(map, now_ns));
}

static json_t *service_account_cells(const json_t *account, int64_t now_ns)
{
    return json_pack("[s, i, o]", object_name(account),
                     (int)json_array_size(json_object_get(account, "secrets")),
                     age_of(account, now_ns));
}

static json_t *namespace_cells(const json_t *object, int64_t now_ns)
{
    return json_pack("[s, s, o]", object_name(object), "Active", age_of(object, now_ns));
}

static const struct builtin_table {
    const struct kind *kind;
    json_t *(*cells)(const json_t *object, int64_t now_ns);
    const char *columns[8]; /* '+' before a name: only with -o wide */
} builtin_tables[] = {
    {&kind_pod, pod_cells, {"Name", "Ready", "Status", "Restarts", "Age", "+IP", "+Node"}},
    {&kind_event, event_cells, {"Last Seen", "Type", "Reason", "Object", "Message"}},
    {&kind_secret, secret_cells, {"Name", "Type", "Data", "Age"}},
    {&kind_config_map, config_map_cells, {"Name", "Data", "Age"}},
    {&kind_service_account, service_account_cells, {"Name", "Secrets", "Age"}},
    {&kind_namespace, namespace_cells, {"Name", "Status", "Age"}},
};

static const struct builtin_table *builtin_table_of(const struct kind *kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(builtin_tables); i++)
        if (builtin_tables[i].kind == kind)
            return &builtin_tables[i];
    return NULL;
}

static void add_column(json_t *columns, const char *name, bool wide)
{
    json_array_append_new(columns,
                          json_pack("{s:s, s:s, s:s, s:s, s:i}", "name", name, "type", "string",
                                    "format", str_equal(name, "Name") ? "name" : "", "description",
                                    "", "priority", wide ? 1 : 0));
}

static json_t *columns_of(const struct kind *kind)
{
    json_t *columns = json_array();
    const struct builtin_table *own = builtin_table_of(kind);
    for (size_t i = 0; own && own->columns[i]; i++)
        add_column(columns, own->columns[i] + (*own->columns[i] == '+'), *own->columns[i] == '+');
    if (own)
        return columns;
    add_column(columns, "Name", false);
    for (const struct kind_column *column = kind->columns; column->name; column++)
        add_column(columns, column->name, column->wide);
    return columns;
}

static json_t *cells_of(const struct kind *kind, const json_t *object, int64_t now_ns)
{
    const struct builtin_table *own = builtin_table_of(kind);
    if (own)
        return own->cells(object, now_ns);
    json_t *cells = json_pack("[s]", object_name(object));
    for (const struct kind_column *column = kind->columns; column->name; column++)
        json_array_append_new(cells, cell_of(column, object, now_ns));
    return cells;
}

static json_t *included(const json_t *object, const char *include)
{
    if (str_equal(include, "None"))
        return NULL;
    if (str_equal(include, "Object"))
        return json_incref((json_t *)object);
    return json_pack("{s:s, s:s, s:O}", "kind", "PartialObjectMetadata", "apiVersion",
                     "meta.k8s.io/v1", "metadata", json_object_get(object, "metadata"));
}

json_t *api_table_from_list(const struct kind *kind, const json_t *list, const char *include,
                            int64_t now_ns)
{
    json_t *rows = json_array();
    size_t index;
    json_t *object;
    json_array_foreach(list, index, object)
    {
        json_array_append_new(rows,
                              json_pack("{s:o, s:o*}", "cells", cells_of(kind, object, now_ns),
                                        "object", included(object, include)));
    }
    return json_pack("{s:s, s:s, s:{}, s:o, s:o}", "kind", "Table", "apiVersion", "meta.k8s.io/v1",
                     "metadata", "columnDefinitions", columns_of(kind), "rows", rows);
}
