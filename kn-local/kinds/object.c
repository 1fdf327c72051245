/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what all Kubernetes objects have: their metadata. */
#include "kn-local/kinds/object.h"

static const json_t *meta_of(const json_t *object)
{
    return json_object_get(object, "metadata");
}

static const char *text_or_empty(const json_t *value)
{
    const char *text = json_string_value(value);
    return text ? text : "";
}

const char *object_meta(const json_t *object, const char *key)
{
    return text_or_empty(json_object_get(meta_of(object), key));
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
    return text_or_empty(json_object_get(json_object_get(meta_of(object), "annotations"), key));
}

int64_t object_generation(const json_t *object)
{
    return json_integer_value(json_object_get(meta_of(object), "generation"));
}

struct object_key object_key_of(const struct kind *kind, const json_t *object)
{
    return (struct object_key){kind, object_ns(object), object_name(object)};
}
