/* SPDX-License-Identifier: Apache-2.0 */
/* CloudEvents in binary mode: attributes in header fields.
 * Format: http-protocol-binding.md section 3.1; for 0.2 and 0.1 the same document of that version,
 * with values quoted as JSON or plain, since senders did both. */
#include "cloudevents/binary.h"

#include "base/str.h"
#include "cloudevents/attributes.h"
#include "net/url.h"

#include <ctype.h>
#include <string.h>

const char *ce_binary_version(const struct headers *headers)
{
    const char *version = headers_get(headers, "ce-specversion");
    return version ? version : headers_get(headers, "ce-cloudeventsversion");
}

/* Strips one level of double quotes and the backslashes in them. In place. */
static void unquote(char *text)
{
    size_t len = strlen(text);
    if (len < 2 || text[0] != '"' || text[len - 1] != '"')
        return;
    char *to = text;
    for (const char *from = text + 1; from < text + len - 1; from++) {
        if (*from == '\\' && from + 1 < text + len - 1)
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

/* The decoded value of a field; NULL and err when it is not valid UTF-8. The caller frees. */
static char *read_value(const char *name, const char *value, struct err *err)
{
    if (!strpbrk(value, "%\"")) { /* nothing to decode: nearly always */
        char *copy = str_is_utf8(bytes_of(value)) ? str_copy(value) : NULL;
        if (!copy)
            err_set(err, ERR_INPUT, "CloudEvent: header ce-%s is not valid UTF-8", name);
        return copy;
    }
    OWN(free) char *plain = str_copy(value);
    unquote(plain);
    char *text = url_decode(bytes_of(plain), false);
    if (!text)
        err_set(err, ERR_INPUT, "CloudEvent: header ce-%s is not valid UTF-8", name);
    return text;
}

/* Sets an attribute. value is taken over. */
static bool set_attribute(struct ce_event *event, int version, const char *name, char *value,
                          struct err *err)
{
    char **field = ce_attribute(event, version, name, false);
    if (!field && version == CE_V01 && str_starts(name, "x-"))
        name += 2;
    bool duplicate = field ? *field != NULL : json_object_get(event->extensions, name) != NULL;
    if (field && !duplicate)
        *field = value;
    else if (!duplicate)
        ce_set_extension(event, name, value);
    if (!field || duplicate)
        free(value);
    return !duplicate || err_set(err, ERR_INPUT, "CloudEvent: duplicate header ce-%s", name);
}

/* 0.2 writes maps as ce-attrib-key, 0.1 extensions as ce-x-name. */
static bool name_allowed(int version, const char *name)
{
    if (version == CE_V10 || version == CE_V03)
        return ce_name_valid(name);
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '-')
            return false;
    return true;
}

/* Reads a ce- field other than the version. */
static bool read_field(struct ce_event *event, int version, const struct header *header,
                       struct err *err)
{
    char name[64];
    const char *rest = header->name + strlen("ce-");
    if (strlen(rest) >= sizeof(name))
        return err_set(err, ERR_INPUT, "CloudEvent: the name of header %.80s is too long",
                       header->name);
    strcpy(name, rest);
    str_lower(name);

    if (str_equal(name, "specversion") || str_equal(name, "cloudeventsversion"))
        return true;
    if (str_equal(name, "datacontenttype") && version != CE_V02 && version != CE_V01)
        return err_set(err, ERR_INPUT,
                       "CloudEvent: header ce-datacontenttype is not allowed; use Content-Type");
    if (str_equal(name, "datacontentencoding") && version == CE_V03)
        return true; /* of the JSON format only: in binary mode the body is the data */
    if (!name_allowed(version, name))
        return err_set(err, ERR_INPUT,
                       "CloudEvent: header ce-%s: only letters and digits are allowed", name);
    char *value = read_value(name, header->value, err);
    return value && set_attribute(event, version, name, value, err);
}

bool ce_event_from_binary(const struct headers *headers, struct bytes body, struct ce_event *event,
                          struct err *err)
{
    const char *claimed = ce_binary_version(headers);
    OWN(free) char *text = read_value("specversion", claimed, err);
    int version = text ? ce_version(text) : -1;
    if (!text)
        return false;
    if (version < 0)
        return err_set(err, ERR_INPUT, "CloudEvent: specversion is %s, want 1.0, 0.3, 0.2 or 0.1",
                       text);
    if (headers_count(headers, "ce-specversion") > 1)
        return err_set(err, ERR_INPUT, "CloudEvent: duplicate header ce-specversion");

    for (size_t i = 0; i < headers->count; i++)
        if (str_starts_any_case(headers->list[i].name, "ce-") &&
            !read_field(event, version, &headers->list[i], err))
            return false;

    event->spec_version = move_ptr(&text);
    const char *content_type = headers_get(headers, "Content-Type");
    if (content_type)
        str_replace(&event->content_type, str_copy(content_type));
    if (body.len)
        ce_set_data(event, NULL, body);
    return ce_event_valid(event, err);
}

/* Percent-encodes space, '"', '%' and all outside U+0021-U+007E. */
static void add_encoded(struct buf *to, const char *value)
{
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        if (c > 0x20 && c < 0x7F && c != '"' && c != '%')
            buf_add(to, value, 1);
        else
            buf_add_format(to, "%%%02X", c);
    }
}

static void add_field(const char *name, const char *value, void *headers)
{
    OWN(buf) struct buf encoded = {0};
    add_encoded(&encoded, value);
    OWN(free) char *field = str_format("ce-%s", name);
    headers_add(headers, field, encoded.data ? encoded.data : "");
}

void ce_headers_from_event(const struct ce_event *event, struct headers *headers)
{
    ce_each_attribute(event, add_field, headers);
    if (event->content_type)
        headers_set(headers, "Content-Type", event->content_type);
}
