/* SPDX-License-Identifier: Apache-2.0 */
/* The status of an object: Knative's conditions, of which Ready sums up the others. */
#include "kn-local/controllers/conditions.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/kinds/object.h"

#include <string.h>

static const char *const words[] = {
    [READY_UNKNOWN] = "Unknown", [READY_TRUE] = "True", [READY_FALSE] = "False"};

json_t *conditions_new_status(const json_t *object)
{
    return json_pack("{s:I, s:[]}", "observedGeneration", object_generation(object), "conditions");
}

static json_t *time_of_change(const json_t *object, const char *type, const char *word)
{
    const json_t *old = object_condition(object, type);
    json_t *time = json_object_get(old, "lastTransitionTime");
    if (time && str_equal(json_string_value(json_object_get(old, "status")), word))
        return json_incref(time);
    char now[TIMESTAMP_SIZE];
    timestamp_format(timestamp_now_ns() / NS_PER_SEC * NS_PER_SEC, now);
    return json_string(now);
}

/* Keeps the list sorted by type, as Knative does. */
static void insert(json_t *conditions, json_t *condition, const char *type)
{
    size_t index = 0;
    while (index < json_array_size(conditions) &&
           strcmp(json_string_value(json_object_get(json_array_get(conditions, index), "type")),
                  type) < 0)
        index++;
    json_array_insert_new(conditions, index, condition);
}

void conditions_add(json_t *status, const json_t *object, const char *type,
                    enum resource_ready ready, const char *reason, const char *message)
{
    json_t *condition = json_pack("{s:s, s:s, s:o}", "type", type, "status", words[ready],
                                  "lastTransitionTime", time_of_change(object, type, words[ready]));
    if (!str_empty(reason))
        json_object_set_new(condition, "reason", json_string(reason));
    if (!str_empty(message))
        json_object_set_new(condition, "message", json_string(message));
    insert(json_object_get(status, "conditions"), condition, type);
}

static const json_t *first_with(const json_t *conditions, const char *word)
{
    size_t index;
    json_t *condition;
    json_array_foreach(conditions, index, condition)
    {
        if (str_equal(json_string_value(json_object_get(condition, "status")), word))
            return condition;
    }
    return NULL;
}

void conditions_add_ready(json_t *status, const json_t *object)
{
    const json_t *conditions = json_object_get(status, "conditions");
    const json_t *bad = first_with(conditions, words[READY_FALSE]);
    const json_t *unknown = bad ? NULL : first_with(conditions, words[READY_UNKNOWN]);
    const json_t *why = bad ? bad : unknown;
    conditions_add(status, object, "Ready",
                   bad       ? READY_FALSE
                   : unknown ? READY_UNKNOWN
                             : READY_TRUE,
                   json_string_value(json_object_get(why, "reason")),
                   json_string_value(json_object_get(why, "message")));
}

void conditions_set_address(json_t *status, const char *url)
{
    if (url)
        json_object_set_new(status, "address", json_pack("{s:s, s:s}", "name", "http", "url", url));
    else
        json_object_del(status, "address");
}
