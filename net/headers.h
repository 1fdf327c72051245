/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP header fields: an ordered list; names are compared without regard to case. */
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
    char *arena; /* holds the first fields' texts, if headers_reserve made one */
    size_t arena_used, arena_size;
};

/* Makes room for `count` fields with together `bytes` of text, so that adding them allocates
 * nothing more. For an empty list. */
void headers_reserve(struct headers *headers, size_t count, size_t bytes);

/* Appends a field. False, with nothing appended, when the name is no token or the value holds a
 * line break or NUL: nobody may smuggle a second field. */
bool headers_add(struct headers *headers, const char *name, const char *value);

/* Sets a field in place of all others of its name; a NULL value removes them. As headers_add. */
bool headers_set(struct headers *headers, const char *name, const char *value);

/* The first value of a name, or NULL. Borrowed. */
const char *headers_get(const struct headers *headers, const char *name);
size_t headers_count(const struct headers *headers, const char *name);

/* Copies the fields of from behind those of to. */
void headers_copy(struct headers *to, const struct headers *from);

void headers_done(struct headers *headers);

static inline void own_headers(struct headers *local)
{
    headers_done(local);
}

/* "text/html" of "Text/HTML; charset=utf-8": lower case, without parameters. The caller frees.
 * NULL is "". */
char *headers_media_type(const char *content_type);

#endif
