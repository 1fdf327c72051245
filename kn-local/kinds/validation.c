/* SPDX-License-Identifier: Apache-2.0 */
/* Validates an object against the fields of its kind. */
#include "base/str.h"
#include "kn-local/kinds/kinds.h"
#include "kn-local/kinds/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_FIELDS = 64 };

bool validation_error_set(struct validation_error *problem, const char *path, const char *fmt, ...)
{
    snprintf(problem->path, sizeof(problem->path), "%s", path);
    va_list args;
    va_start(args, fmt);
    vsnprintf(problem->text, sizeof(problem->text), fmt, args);
    va_end(args);
    return false;
}

static bool check_value(const struct schema_field *field, const json_t *value, const char *path,
                        struct validation_error *problem);

static const struct schema_field *find(const struct schema_field *fields, const char *name)
{
    for (; fields->name; fields++)
        if (str_equal(fields->name, name))
            return fields;
    return NULL;
}

static bool unknown(const struct schema_field *fields, const char *name, const char *path,
                    struct validation_error *problem)
{
    const char *names[MAX_FIELDS];
    size_t count = 0;
    for (; fields->name && count < MAX_FIELDS; fields++)
        names[count++] = fields->name;
    const char *nearest = str_nearest(name, names, count);
    problem->unknown_field = true;
    return validation_error_set(
        problem, path, nearest ? "is not known; did you mean %s?" : "is not known", nearest);
}

static void join(char path[VALIDATION_PATH_SIZE], const char *parent, const char *key)
{
    snprintf(path, VALIDATION_PATH_SIZE, *parent ? "%s.%s" : "%s%s", parent, key);
}

static bool check_required(const struct schema_field *fields, const json_t *object,
                           const char *path, struct validation_error *problem)
{
    for (; fields->name; fields++) {
        const json_t *value = json_object_get(object, fields->name);
        if (!fields->required || (value && !json_is_null(value)))
            continue;
        char missing[VALIDATION_PATH_SIZE];
        join(missing, path, fields->name);
        return validation_error_set(problem, missing, "is missing");
    }
    return true;
}

static bool check_members(const struct schema_field *fields, bool allow_unknown,
                          const json_t *object, const char *path, struct validation_error *problem)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        char member[VALIDATION_PATH_SIZE];
        join(member, path, key);
        const struct schema_field *field = find(fields, key);
        if (!field && !allow_unknown && !problem->allow_unknown)
            return unknown(fields, key, member, problem);
        if (field && !check_value(field, value, member, problem))
            return false;
    }
    return check_required(fields, object, path, problem);
}

bool kind_validate_fields(const struct schema_field *fields, const json_t *object,
                          struct validation_error *problem)
{
    return check_members(fields, false, object, "", problem);
}

static bool check_items(const struct schema_field *field, const json_t *list, const char *path,
                        struct validation_error *problem)
{
    static const struct schema_field string = {.name = "", .type = FIELD_STRING};
    const struct schema_field item = {.name = "",
                                      .type = FIELD_OBJECT,
                                      .fields = field->fields,
                                      .allow_unknown = field->allow_unknown};
    size_t index;
    json_t *value;
    json_array_foreach(list, index, value)
    {
        char member[VALIDATION_PATH_SIZE];
        snprintf(member, sizeof(member), "%s[%zu]", path, index);
        if (!check_value(field->fields ? &item : &string, value, member, problem))
            return false;
    }
    return true;
}

static bool check_string_map(const json_t *map, const char *path, struct validation_error *problem)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)map, key, value)
    {
        char member[VALIDATION_PATH_SIZE];
        join(member, path, key);
        if (!json_is_string(value))
            return validation_error_set(problem, member, "must be a string; quote the value");
    }
    return true;
}

static bool check_string(const struct schema_field *field, const char *text, const char *path,
                         struct validation_error *problem)
{
    if (!field->values)
        return true;
    size_t count = 0;
    OWN(buf) struct buf list = {0};
    for (const char *const *value = field->values; *value; value++, count++) {
        if (str_equal(*value, text))
            return true;
        buf_add_format(&list, "%s\"%s\"", count ? ", " : "", *value);
    }
    return validation_error_set(problem, path, "is \"%.60s\"; must be one of %s", text, list.data);
}

static const char *type_name(const json_t *value)
{
    static const char *const names[] = {"an object", "a list", "a string", "an integer",
                                        "a number",  "true",   "false",    "null"};
    return names[json_typeof(value)];
}

static bool has_type(enum schema_field_type type, const json_t *value)
{
    switch (type) {
    case FIELD_STRING:
        return json_is_string(value);
    case FIELD_INT:
        return json_is_integer(value);
    case FIELD_BOOL:
        return json_is_boolean(value);
    case FIELD_QUANTITY:
        return json_is_string(value) || json_is_number(value);
    case FIELD_STRING_MAP:
    case FIELD_OBJECT:
        return json_is_object(value);
    case FIELD_LIST:
        return json_is_array(value);
    case FIELD_ANY:
        return true;
    }
    return false;
}

static const char *expected_type(enum schema_field_type type)
{
    static const char *const names[] = {[FIELD_STRING] = "a string",
                                        [FIELD_INT] = "an integer",
                                        [FIELD_BOOL] = "true or false",
                                        [FIELD_QUANTITY] = "a quantity",
                                        [FIELD_STRING_MAP] = "a map of strings",
                                        [FIELD_OBJECT] = "an object",
                                        [FIELD_LIST] = "a list",
                                        [FIELD_ANY] = "anything"};
    return names[type];
}

static bool check_content(const struct schema_field *field, const json_t *value, const char *path,
                          struct validation_error *problem)
{
    switch (field->type) {
    case FIELD_OBJECT:
        return check_members(field->fields, field->allow_unknown, value, path, problem);
    case FIELD_LIST:
        return check_items(field, value, path, problem);
    case FIELD_STRING_MAP:
        return check_string_map(value, path, problem);
    case FIELD_STRING:
        return check_string(field, json_string_value(value), path, problem);
    case FIELD_INT:
        return json_integer_value(value) >= field->min ||
               validation_error_set(problem, path,
                                    "is %" JSON_INTEGER_FORMAT "; must be at least %d",
                                    json_integer_value(value), field->min);
    default:
        return true;
    }
}

static bool check_value(const struct schema_field *field, const json_t *value, const char *path,
                        struct validation_error *problem)
{
    if (json_is_null(value)) /* the same as a missing member */
        return true;
    if (!has_type(field->type, value))
        return validation_error_set(problem, path, "is %s; must be %s", type_name(value),
                                    expected_type(field->type));
    if (!check_content(field, value, path, problem))
        return false;
    const char *fault = field->rule ? field->rule(value) : NULL;
    return !fault || validation_error_set(problem, path, "%s", fault);
}

/* Whether it is a DNS subdomain, as Kubernetes requires of names. */
static bool is_name(const char *name, size_t max)
{
    size_t len = strlen(name);
    if (len == 0 || len > max || name[0] == '-' || name[0] == '.' || name[len - 1] == '-' ||
        name[len - 1] == '.')
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len && !strstr(name, "..");
}

static bool check_name(const struct kind *kind, const json_t *object,
                       struct validation_error *problem)
{
    const json_t *meta = json_object_get(object, "metadata");
    const char *name = json_string_value(json_object_get(meta, "name"));
    if (!name)
        return validation_error_set(problem, "metadata.name", "is missing");
    if (is_name(name, 253))
        return true;
    return validation_error_set(
        problem, "metadata.name",
        "is \"%.60s\", which is not a valid name for a %s; use lower case letters, digits, "
        "'-' and '.', a letter or digit first and last, at most 253 characters",
        name, kind->name);
}

static bool check_fields(const struct kind *kind, const json_t *object,
                         struct validation_error *problem)
{
    static const struct schema_field common[] = {
        STRING("apiVersion", .required = true), STRING("kind", .required = true),
        OBJECT(schema_metadata, "metadata", .required = true), ANY("status"), END};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        const struct schema_field *field = find(common, key);
        if (!field)
            field = find(kind->fields, key);
        if (!field && !problem->allow_unknown)
            return unknown(kind->fields, key, key, problem);
        if (field && !check_value(field, value, key, problem))
            return false;
    }
    return check_required(common, object, "", problem) &&
           check_required(kind->fields, object, "", problem);
}

bool kind_validate(const struct kind *kind, const json_t *object, const json_t *old,
                   struct validation_error *problem)
{
    return check_fields(kind, object, problem) && check_name(kind, object, problem) &&
           (!kind->check || kind->check(object, old, problem));
}
