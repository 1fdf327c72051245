/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions in the status of an object. */
#include "kn-local/controllers/conditions.h"

#include "base/json/json_at.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/kinds/object.h"

#include <string.h>

static const char *const status_names[] = {
    [READY_UNKNOWN] = "Unknown", [READY_TRUE] = "True", [READY_FALSE] = "False"};

json_t *conditions_new_status(const json_t *object)
{
    return json_pack("{s:I, s:[]}", "observedGeneration", object_generation(object), "conditions");
}

void conditions_add(json_t *status, const json_t *object, const char *type,
                    enum resource_ready ready, const char *reason, const char *message)
{
    const json_t *old = object_condition(object, type);
    const char *time = json_text_at(old, "lastTransitionTime");
    char now[TIMESTAMP_SIZE];
    timestamp_format(timestamp_now_ns() / NS_PER_SEC * NS_PER_SEC, now);
    bool same = time && str_equal(json_text_at(old, "status"), status_names[ready]);
    json_t *condition = json_pack("{s:s, s:s, s:s}", "type", type, "status", status_names[ready],
                                  "lastTransitionTime", same ? time : now);
    if (!str_empty(reason))
        json_object_set_new(condition, "reason", json_string(reason));
    if (!str_empty(message))
        json_object_set_new(condition, "message", json_string(message));
    /* sorted by type, as Knative does */
    json_t *list = json_object_get(status, "conditions");
    size_t index = 0;
    while (index < json_array_size(list) &&
           strcmp(json_text_at(json_array_get(list, index), "type"), type) < 0)
        index++;
    json_array_insert_new(list, index, condition);
}

static const json_t *first_with(const json_t *conditions, const char *status)
{
    size_t index;
    json_t *condition;
    json_array_foreach(conditions, index, condition)
    {
        if (str_equal(json_string_value(json_object_get(condition, "status")), status))
            return condition;
    }
    return NULL;
}

void conditions_add_ready(json_t *status, const json_t *object)
{
    const json_t *conditions = json_object_get(status, "conditions");
    const json_t *failed = first_with(conditions, status_names[READY_FALSE]);
    const json_t *unknown = failed ? NULL : first_with(conditions, status_names[READY_UNKNOWN]);
    const json_t *why = failed ? failed : unknown;
    conditions_add(status, object, "Ready",
                   failed    ? READY_FALSE
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
