/* SPDX-License-Identifier: Apache-2.0 */
/* The fields that several kinds share, and rules for values. */
#include "kn-local/kinds/schema.h"

#include "base/str.h"
#include "cloudevents/delivery_policy.h"
#include "net/url.h"

#include <string.h>

const char *const schema_knative_categories[] = {"all", "knative", NULL};

const struct schema_field schema_metadata[] = {
    STRING("name"),
    STRING("generateName"),
    STRING("namespace"),
    STRING_MAP("labels"),
    STRING_MAP("annotations"),
    STRING("uid"),
    STRING("resourceVersion"),
    INTEGER("generation"),
    STRING("creationTimestamp"),
    STRING("deletionTimestamp"),
    INTEGER("deletionGracePeriodSeconds"),
    STRING_LIST("finalizers"),
    ANY("ownerReferences"),
    ANY("managedFields"),
    STRING("selfLink"),
    END,
};

const struct schema_field schema_reference[] = {
    STRING("apiVersion"),
    STRING("kind", .required = true),
    STRING("name", .required = true),
    STRING("namespace"),
    STRING("address"),
    STRING("group"),
    END,
};

const struct schema_field schema_destination[] = {
    OBJECT(schema_reference, "ref"), STRING("uri"), STRING("CACerts"), STRING("audience"), END,
};

const char *schema_rule_destination(const json_t *value)
{
    bool ref = json_is_object(json_object_get(value, "ref"));
    const char *uri = json_string_value(json_object_get(value, "uri"));
    OWN(url) struct url url = {0};
    bool absolute = uri && url_parse(uri, &url);
    if (!ref && !uri)
        return "must have a ref or a uri";
    if (ref && absolute)
        return "has a ref and an absolute uri; use only one of them";
    if (!ref && !absolute)
        return "has a uri that is not an absolute http or https URL";
    return NULL;
}

const char *schema_rule_duration(const json_t *value)
{
    int64_t ns = 0;
    return ce_duration_parse(json_string_value(value), &ns)
               ? NULL
               : "is not an ISO 8601 duration, such as PT0.5S or PT1M";
}

const char *schema_rule_positive_duration(const json_t *value)
{
    int64_t ns = 0;
    return ce_duration_parse(json_string_value(value), &ns) && ns > 0
               ? NULL
               : "is not a positive ISO 8601 duration, such as PT0.5S or PT1M";
}

const char *schema_rule_data_keys(const json_t *map)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)map, key, value)
    {
        size_t len = strlen(key);
        if (len == 0 || len > 253 || strspn(key, allowed) != len || str_equal(key, ".") ||
            str_starts(key, ".."))
            return "has an invalid key; use letters, digits, '-', '_' and '.', and do not start "
                   "with "
                   "\"..\"";
    }
    return NULL;
}

/* Whether a component of a path is "..". */
static bool has_parent_component(const char *path)
{
    for (const char *next = path; next; next = strchr(next, '/')) {
        next += *next == '/';
        if (str_starts(next, "..") && (next[2] == '/' || next[2] == '\0'))
            return true;
    }
    return false;
}

const char *schema_rule_relative_path(const json_t *value)
{
    const char *path = json_string_value(value);
    return *path == '\0' || *path == '/' || has_parent_component(path)
               ? "must be a relative path without \"..\""
               : NULL;
}

const char *schema_rule_mount_path(const json_t *value)
{
    const char *path = json_string_value(value);
    return *path != '/' || has_parent_component(path) ? "must be an absolute path without \"..\""
                                                      : NULL;
}

static const char *const policies[] = {"linear", "exponential", NULL};
static const char *const formats[] = {"json", "binary", NULL};

const struct schema_field schema_delivery[] = {
    OBJECT(schema_destination, "deadLetterSink", .rule = schema_rule_destination),
    INTEGER("retry"),
    STRING("backoffPolicy", .values = policies),
    STRING("backoffDelay", .rule = schema_rule_duration),
    STRING("timeout", .rule = schema_rule_positive_duration),
    STRING("retryAfterMax", .rule = schema_rule_duration),
    STRING("format", .values = formats),
    END,
};
