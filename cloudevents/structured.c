/* SPDX-License-Identifier: Apache-2.0 */
/* CloudEvents in the JSON format.
 * Format: json-format.md of 1.0 (data_base64), 0.3 (datacontentencoding), 0.2 and 0.1. */
#include "cloudevents/structured.h"

#include "base/base64.h"
#include "base/json/jread.h"
#include "base/str.h"
#include "cloudevents/attributes.h"

#include <string.h>

/* JSON, or a type that ends in /json or +json; a missing type means JSON, too. */
static bool is_json(const char *content_type)
{
    OWN(free) char *media = headers_media_type(content_type);
    return !*media || str_ends(media, "/json") || str_ends(media, "+json");
}

static bool set_text(struct ce_event *event, char **field, const char *name, const json_t *value,
                     struct err *err)
{
    if (!json_is_string(value))
        return err_set(err, ERR_INPUT, "CloudEvent: %s is not a string", name);
    str_replace(field, str_copy(json_string_value(value)));
    (void)event;
    return true;
}

/* 1.0 and 0.3 allow strings, booleans and 32-bit integers; earlier versions anything. */
static bool extension_type_ok(int version, const json_t *value)
{
    if (version == CE_V02 || version == CE_V01)
        return true;
    if (json_is_integer(value))
        return json_integer_value(value) >= INT32_MIN && json_integer_value(value) <= INT32_MAX;
    return json_is_string(value) || json_is_boolean(value);
}

static bool set_extension(struct ce_event *event, int version, const char *name, json_t *value,
                          struct err *err)
{
    bool strict = version == CE_V10 || version == CE_V03;
    if (strict && !ce_name_valid(name))
        return err_set(err, ERR_INPUT,
                       "CloudEvent: attribute %s: only letters and digits are allowed", name);
    if (!extension_type_ok(version, value))
        return err_set(err, ERR_INPUT,
                       "CloudEvent: attribute %s: want a string, a boolean or a 32-bit integer",
                       name);
    OWN(free) char *key = str_copy(name);
    if (strict)
        str_lower(key);
    if (!event->extensions)
        event->extensions = json_object();
    json_object_set(event->extensions, key, value);
    return true;
}

/* In 0.1 extensions are members of an object. */
static bool set_old_extensions(struct ce_event *event, const json_t *list, struct err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)list, name,
                        value) if (!set_extension(event, CE_V01, name, value, err)) return false;
    return true;
}

static bool is_data_member(int version, const char *name)
{
    return str_equal(name, "data") || str_equal(name, "specversion") ||
           (version == CE_V10 && str_equal(name, "data_base64")) ||
           (version == CE_V03 && str_equal(name, "datacontentencoding")) ||
           (version == CE_V01 && str_equal(name, "cloudEventsVersion"));
}

static bool read_members(const json_t *tree, int version, struct ce_event *event, struct err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)tree, name, value)
    {
        if (is_data_member(version, name) || json_is_null(value))
            continue;
        char **field = ce_attribute(event, version, name, true);
        bool ok = field ? set_text(event, field, name, value, err)
                  : version == CE_V01 && str_equal(name, "extensions")
                      ? set_old_extensions(event, value, err)
                      : set_extension(event, version, name, value, err);
        if (!ok)
            return false;
    }
    return true;
}

static bool set_base64(struct ce_event *event, const char *name, const json_t *value,
                       struct err *err)
{
    OWN(buf) struct buf data = {0};
    if (!json_is_string(value) || !base64_decode(bytes_of(json_string_value(value)), &data))
        return err_set(err, ERR_INPUT, "CloudEvent: %s is not valid base64", name);
    event->len = data.len;
    event->data = buf_take(&data);
    return true;
}

/* Reads the member data: JSON as it is; with another content type, the content of a string. */
static bool set_data(struct ce_event *event, const json_t *value, struct err *err)
{
    if (!is_json(event->content_type) && !json_is_string(value))
        return err_set(err, ERR_INPUT, "CloudEvent: data of type %s must be a string",
                       event->content_type);
    event->data =
        is_json(event->content_type) ? json_to_text(value) : str_copy(json_string_value(value));
    event->len = strlen(event->data);
    if (!event->content_type) /* json-format.md section 3.1.1 */
        event->content_type = str_copy("application/json");
    return true;
}

static bool read_data(const json_t *tree, int version, struct ce_event *event, struct err *err)
{
    const json_t *data = json_object_get(tree, "data");
    const json_t *base64 = version == CE_V10 ? json_object_get(tree, "data_base64") : NULL;
    if (json_is_null(base64))
        base64 = NULL;
    if (base64 && data && !json_is_null(data))
        return err_set(err, ERR_INPUT, "CloudEvent: has both data and data_base64");
    if (base64)
        return set_base64(event, "data_base64", base64, err);

    const json_t *encoding =
        version == CE_V03 ? json_object_get(tree, "datacontentencoding") : NULL;
    if (encoding && !json_is_null(encoding)) {
        if (!str_equal_any_case(json_string_value(encoding), "base64"))
            return err_set(err, ERR_INPUT, "CloudEvent: datacontentencoding: want base64");
        return !data || set_base64(event, "data", data, err);
    }
    return !data || set_data(event, data, err);
}

bool ce_event_from_json(const json_t *tree, struct ce_event *event, struct err *err)
{
    struct jread at = jread_open(tree, "CloudEvent", ERR_INPUT, err);
    const char *claimed = jread_str_or(&at, "specversion", NULL);
    if (!claimed)
        claimed = jread_str_or(&at, "cloudEventsVersion", NULL);
    if (!jread_ok(&at))
        return false;
    if (!claimed)
        return err_set(err, ERR_INPUT, "CloudEvent: specversion is missing");
    int version = ce_version(claimed);
    if (version < 0)
        return err_set(err, ERR_INPUT, "CloudEvent: specversion is %s, want 1.0, 0.3, 0.2 or 0.1",
                       claimed);

    event->spec_version = str_copy(claimed);
    return read_members(tree, version, event, err) && read_data(tree, version, event, err) &&
           ce_event_valid(event, err);
}

static void add_member(const char *name, const char *value, void *tree)
{
    json_object_set_new(tree, name, json_string(value));
}

/* Writes extensions that are numbers or booleans as such. */
static void keep_types(const json_t *extensions, json_t *tree)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)extensions, name, value)
    {
        if (!json_is_string(value) && extension_type_ok(CE_V10, value) &&
            json_object_get(tree, name))
            json_object_set(tree, name, value);
    }
}

/* The data as JSON, or NULL when it is not. */
static json_t *json_data(const struct ce_event *event)
{
    struct err ignored = {0};
    return is_json(event->content_type)
               ? json_from_bytes(ce_data(event), "data", ERR_INPUT, &ignored)
               : NULL;
}

static bool is_text(const struct ce_event *event)
{
    return str_starts_any_case(event->content_type ? event->content_type : "", "text/") &&
           str_is_utf8(ce_data(event)) && !memchr(event->data, '\0', event->len);
}

char *ce_json_from_event(const struct ce_event *event)
{
    json_auto_t *tree = json_object();
    ce_each_attribute(event, add_member, tree);
    keep_types(event->extensions, tree);
    if (event->content_type)
        add_member("datacontenttype", event->content_type, tree);
    if (!event->data)
        return json_to_text(tree);

    json_t *data = json_data(event);
    if (!data && is_text(event))
        data = json_stringn(event->data, event->len);
    if (data) {
        json_object_set_new(tree, "data", data);
        return json_to_text(tree);
    }
    OWN(free) char *base64 = base64_encode(ce_data(event));
    bool v03 = str_equal(event->spec_version, "0.3");
    if (v03)
        add_member("datacontentencoding", "base64", tree);
    add_member(v03 ? "data" : "data_base64", base64, tree);
    return json_to_text(tree);
}
