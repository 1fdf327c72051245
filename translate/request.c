/* SPDX-License-Identifier: Apache-2.0 */
/* A translation request: {"text", "from", "to"}. */
#include "translate/request.h"

#include "base/str.h"
#include "translate/relaxed_json.h"

/* The member of that name, ignoring case as in the tutorial's messages; NULL when absent. */
static const json_t *member(const json_t *object, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (str_equal_any_case(key, name))
            return value;
    }
    return NULL;
}

/* Reads one field: "" when it is missing or null. */
static bool read_field(const json_t *payload, const char *name, const char **value, struct err *err)
{
    const json_t *found = member(payload, name);
    if (found && !json_is_string(found) && !json_is_null(found))
        return err_set(err, ERR_INPUT, "Translation '%s' must be a string", name);
    *value = json_is_string(found) ? json_string_value(found) : "";
    return true;
}

bool translate_request_from_json(const json_t *payload, struct translate_request *request,
                                 struct err *err)
{
    if (!read_field(payload, "text", &request->text, err) ||
        !read_field(payload, "from", &request->from, err) ||
        !read_field(payload, "to", &request->to, err))
        return false;
    if (!*request->text)
        return err_set(err, ERR_INPUT, "Translation text cannot be empty or null");
    if (!*request->to)
        return err_set(err, ERR_INPUT, "Translation 'to' cannot be empty or null");
    return true;
}

json_t *translate_payload(struct bytes payload)
{
    struct err ignored = {0};
    json_t *object = relaxed_json_parse(payload, "payload", &ignored);
    if (member(object, "text") || member(object, "to"))
        return object;
    json_decref(object);
    return NULL;
}
