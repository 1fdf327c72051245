/* SPDX-License-Identifier: Apache-2.0 */
/* Events that can be passed on as they came. Whatever is in doubt is not plain. */
#include "kn-local/dataplane/event_passthrough.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <ctype.h>
#include <string.h>

enum { MAX_FIELDS = 32 };

/* Visible ASCII that the HTTP binding neither encodes nor decodes. */
static bool is_plain(const char *value)
{
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7F || *c == '"' || *c == '%')
            return false;
    return *value != '\0';
}

/* "/a/b" or "//host/a": surely a URI reference. */
static bool is_plain_source(const char *value)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "/._-";
    return *value == '/' && value[strspn(value, allowed)] == '\0';
}

static bool is_name(const char *name)
{
    const char *c = name;
    while (islower((unsigned char)*c) || isdigit((unsigned char)*c))
        c++;
    return *c == '\0' && c > name && c - name <= 20;
}

/* Which of the required attributes were seen. */
enum { SEEN_VERSION = 1, SEEN_ID = 2, SEEN_TYPE = 4, SEEN_SOURCE = 8, SEEN_ALL = 15 };

/* Looks at one attribute; 0 when it is not plain, else what it is, or 16 when it is optional. */
static unsigned look(const char *name, const char *value)
{
    enum { OPTIONAL = 16 };
    if (!is_name(name) || !is_plain(value))
        return 0;
    if (str_equal(name, "specversion"))
        return str_equal(value, "1.0") ? SEEN_VERSION : 0;
    if (str_equal(name, "id"))
        return SEEN_ID;
    if (str_equal(name, "type"))
        return SEEN_TYPE;
    if (str_equal(name, "source"))
        return is_plain_source(value) ? SEEN_SOURCE : 0;
    if (str_equal(name, "time"))
        return timestamp_parse(value, NULL) ? OPTIONAL : 0;
    bool special = str_starts(name, "data") || str_equal(name, "cloudeventsversion");
    return special ? 0 : OPTIONAL;
}

static bool is_attribute(const char *name)
{
    return (name[0] == 'c' || name[0] == 'C') && (name[1] == 'e' || name[1] == 'E') &&
           name[2] == '-';
}

/* Collects the event's fields; 0 when one is not plain or stands there twice. */
static size_t collect(const struct headers *from, const struct header *found[MAX_FIELDS])
{
    unsigned seen = 0;
    size_t count = 0;
    for (size_t i = 0; i < from->count; i++) {
        const struct header *field = &from->list[i];
        bool type = str_equal_any_case(field->name, "Content-Type");
        if (!type && !is_attribute(field->name))
            continue;
        unsigned what = type ? 0 : look(field->name + 3, field->value);
        if ((!type && !what) || (what & seen & SEEN_ALL) || count == MAX_FIELDS)
            return 0;
        for (size_t j = 0; j < count; j++)
            if (str_equal_any_case(found[j]->name, field->name))
                return 0;
        if (type && str_starts_any_case(field->value, "application/cloudevents"))
            return 0;
        seen |= what;
        found[count++] = field;
    }
    return (seen & SEEN_ALL) == SEEN_ALL ? count : 0;
}

bool event_passthrough_copy(const struct headers *from, struct headers *to)
{
    const struct header *found[MAX_FIELDS];
    size_t count = collect(from, found);
    for (size_t i = 0; i < count; i++)
        headers_add(to, found[i]->name, found[i]->value);
    return count > 0;
}
