/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what all Kubernetes objects have. */
#include "kn-local/kinds/object.h"

#include "base/json/json_at.h"
#include "base/str.h"

static const char *text_or_empty(const json_t *value)
{
    const char *text = json_string_value(value);
    return text ? text : "";
}

const char *object_meta(const json_t *object, const char *key)
{
    return text_or_empty(json_object_get(json_object_get(object, "metadata"), key));
}

const char *object_name(const json_t *object)
{
    return object_meta(object, "name");
}

const char *object_ns(const json_t *object)
{
    return object_meta(object, "namespace");
}

const char *object_uid(const json_t *object)
{
    return object_meta(object, "uid");
}

const char *object_annotation(const json_t *object, const char *key)
{
    return text_or_empty(json_object_get(json_at(object, "metadata.annotations"), key));
}

const char *object_label(const json_t *object, const char *key)
{
    return text_or_empty(json_object_get(json_at(object, "metadata.labels"), key));
}

int64_t object_generation(const json_t *object)
{
    return json_int_at(object, "metadata.generation", 0);
}

const json_t *object_condition(const json_t *object, const char *type)
{
    size_t index;
    json_t *condition;
    json_array_foreach(json_at(object, "status.conditions"), index, condition)
    {
        if (str_equal(json_text_at(condition, "type"), type))
            return condition;
    }
    return NULL;
}

struct object_key object_key_of(const struct kind *kind, const json_t *object)
{
    return (struct object_key){kind, object_ns(object), object_name(object)};
}
