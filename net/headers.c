/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP header fields. */
#include "net/headers.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* RFC 9110 section 5.6.2. */
static bool is_token(const char *name)
{
    if (!*name)
        return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '-' && !strchr("!#$%&'*+.^_`|~", *name))
            return false;
    return true;
}

static bool is_value(const char *value)
{
    return !strchr(value, '\r') && !strchr(value, '\n');
}

void headers_reserve(struct headers *headers, size_t count, size_t bytes)
{
    headers->size = count;
    headers->list = alloc_resize(NULL, count * sizeof(*headers->list));
    headers->arena_size = bytes;
    headers->arena = alloc_resize(NULL, bytes);
}

/* Room for the strings of a field: in the arena, or allocated when that is full. */
static char *text_alloc(struct headers *headers, size_t bytes)
{
    if (bytes > headers->arena_size - headers->arena_used)
        return alloc_resize(NULL, bytes);
    char *room = headers->arena + headers->arena_used;
    headers->arena_used += bytes;
    return room;
}

static void text_free(const struct headers *headers, char *text)
{
    bool in_arena =
        headers->arena && text >= headers->arena && text < headers->arena + headers->arena_size;
    if (!in_arena)
        free(text);
}

bool headers_add(struct headers *headers, const char *name, const char *value)
{
    if (!is_token(name) || !is_value(value))
        return false;
    if (headers->count == headers->size) {
        headers->size = headers->size ? headers->size * 2 : 16;
        headers->list = alloc_resize(headers->list, headers->size * sizeof(*headers->list));
    }
    size_t name_size = strlen(name) + 1, value_size = strlen(value) + 1;
    char *text = text_alloc(headers, name_size + value_size);
    memcpy(text, name, name_size);
    memcpy(text + name_size, value, value_size);
    headers->list[headers->count++] = (struct header){text, text + name_size};
    return true;
}

/* Compares the first two letters first, which differ in most names. */
static bool is_named(const struct header *header, const char *name)
{
    return (header->name[0] | 0x20) == (name[0] | 0x20) &&
           (header->name[1] | 0x20) == (name[1] | 0x20) && str_equal_any_case(header->name, name);
}

static void remove_all(struct headers *headers, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < headers->count; i++) {
        if (is_named(&headers->list[i], name))
            text_free(headers, headers->list[i].name);
        else
            headers->list[kept++] = headers->list[i];
    }
    headers->count = kept;
}

bool headers_set(struct headers *headers, const char *name, const char *value)
{
    if (value && (!is_token(name) || !is_value(value)))
        return false;
    remove_all(headers, name);
    return !value || headers_add(headers, name, value);
}

const char *headers_get(const struct headers *headers, const char *name)
{
    for (size_t i = 0; i < headers->count; i++)
        if (is_named(&headers->list[i], name))
            return headers->list[i].value;
    return NULL;
}

size_t headers_count(const struct headers *headers, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < headers->count; i++)
        count += is_named(&headers->list[i], name);
    return count;
}

void headers_copy(struct headers *to, const struct headers *from)
{
    for (size_t i = 0; i < from->count; i++)
        headers_add(to, from->list[i].name, from->list[i].value);
}

void headers_done(struct headers *headers)
{
    for (size_t i = 0; i < headers->count; i++)
        text_free(headers, headers->list[i].name);
    free(headers->list);
    free(headers->arena);
    *headers = (struct headers){0};
}

char *headers_media_type(const char *content_type)
{
    if (!content_type)
        return str_copy("");
    size_t len = strcspn(content_type, ";");
    while (len && isspace((unsigned char)content_type[len - 1]))
        len--;
    while (len && isspace((unsigned char)*content_type)) {
        content_type++;
        len--;
    }
    char *type = str_copy_bytes((struct bytes){content_type, len});
    str_lower(type);
    return type;
}
