/* SPDX-License-Identifier: Apache-2.0 */
/* The names that attributes have in each version of CloudEvents. */
#include "cloudevents/attributes.h"

#include "base/json/jread.h"
#include "base/str.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>

static const char *const versions[] = {
    [CE_V10] = "1.0", [CE_V03] = "0.3", [CE_V02] = "0.2", [CE_V01] = "0.1"};

int ce_version(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
        if (str_equal(text, versions[i]))
            return (int)i;
    return -1;
}

const char *ce_version_text(int version)
{
    return versions[version];
}

#define AT(field) offsetof(struct ce_event, field)

/* An attribute's name in headers (lower case) and in the JSON format. */
struct name {
    const char *header, *json;
    size_t field;
};

static const struct name names_v10[] = {
    {"id", "id", AT(id)},
    {"source", "source", AT(source)},
    {"type", "type", AT(type)},
    {"subject", "subject", AT(subject)},
    {"time", "time", AT(time)},
    {"dataschema", "dataschema", AT(schema)},
    {"datacontenttype", "datacontenttype", AT(content_type)},
    {0},
};

static const struct name names_v03[] = {
    {"id", "id", AT(id)},
    {"source", "source", AT(source)},
    {"type", "type", AT(type)},
    {"subject", "subject", AT(subject)},
    {"time", "time", AT(time)},
    {"schemaurl", "schemaurl", AT(schema)},
    {"datacontenttype", "datacontenttype", AT(content_type)},
    {0},
};

static const struct name names_v02[] = {
    {"id", "id", AT(id)},
    {"source", "source", AT(source)},
    {"type", "type", AT(type)},
    {"time", "time", AT(time)},
    {"schemaurl", "schemaurl", AT(schema)},
    {"contenttype", "contenttype", AT(content_type)},
    {0},
};

static const struct name names_v01[] = {
    {"eventid", "eventID", AT(id)},
    {"source", "source", AT(source)},
    {"eventtype", "eventType", AT(type)},
    {"eventtime", "eventTime", AT(time)},
    {"schemaurl", "schemaURL", AT(schema)},
    {"contenttype", "contentType", AT(content_type)},
    {0},
};

char **ce_attribute(struct ce_event *event, int version, const char *name, bool in_json)
{
    static const struct name *const tables[] = {names_v10, names_v03, names_v02, names_v01};
    for (const struct name *row = tables[version]; row->header; row++)
        if (str_equal(name, in_json ? row->json : row->header))
            return (char **)((char *)event + row->field);
    return NULL;
}

bool ce_name_valid(const char *name)
{
    if (!*name)
        return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name))
            return false;
    return true;
}

/* The name as 1.0 allows it: earlier versions have capitals and dashes. The caller frees. */
static char *plain_name(const char *name)
{
    char *plain = str_copy(name), *to = plain;
    for (; *name; name++)
        if (isalnum((unsigned char)*name))
            *to++ = *name;
    *to = '\0';
    str_lower(plain);
    return plain;
}

void ce_each_attribute(const struct ce_event *event,
                       void (*each)(const char *name, const char *value, void *context),
                       void *context)
{
    bool v03 = str_equal(event->spec_version, "0.3");
    const struct {
        const char *name, *value;
    } texts[] = {
        {"specversion", v03 ? "0.3" : "1.0"},
        {"id", event->id},
        {"source", event->source},
        {"type", event->type},
        {"subject", event->subject},
        {"time", event->time},
        {v03 ? "schemaurl" : "dataschema", event->schema},
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (texts[i].value)
            each(texts[i].name, texts[i].value, context);

    const char *name;
    json_t *value;
    json_object_foreach(event->extensions, name, value)
    {
        OWN(free) char *plain = plain_name(name);
        OWN(free) char *text = json_is_string(value) ? NULL : json_to_text(value);
        if (*plain)
            each(plain, text ? text : json_string_value(value), context);
    }
}
