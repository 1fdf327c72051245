/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP header fields: an ordered list; names are compared ignoring case. */
#ifndef NET_HEADERS_H
#define NET_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

struct header {
    char *name, *value; /* owned by the list */
};

/* All zero is an empty list. */
struct headers {
    struct header *list;
    size_t count;
    size_t size; /* allocated */
    char *arena; /* the strings of the first fields, after headers_reserve */
    size_t arena_used, arena_size;
};

/* Allocates room for `count` fields with `bytes` of strings in total. For an empty list. */
void headers_reserve(struct headers *headers, size_t count, size_t bytes);

/* Appends a field. False, with nothing appended, when the name is not a token, or the value has a
 * line break, which would start a second field. */
bool headers_add(struct headers *headers, const char *name, const char *value);

/* Replaces all fields of a name by one; a NULL value removes them. False as headers_add. */
bool headers_set(struct headers *headers, const char *name, const char *value);

/* The first value of a name, or NULL. Borrowed. */
const char *headers_get(const struct headers *headers, const char *name);
size_t headers_count(const struct headers *headers, const char *name);

/* Appends copies of the fields of from to those of to. */
void headers_copy(struct headers *to, const struct headers *from);

void headers_done(struct headers *headers);

static inline void own_headers(struct headers *local)
{
    headers_done(local);
}

/* "text/html" of "Text/HTML; charset=utf-8": lower case, without parameters. "" for
 * NULL. The caller frees. */
char *headers_media_type(const char *content_type);

#endif
