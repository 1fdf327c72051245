/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, indentation and comments of a YAML text. */
#include "kn-local/migrate/text_line.h"

#include "base/str.h"

#include <string.h>

size_t text_line_start(struct bytes text, size_t at)
{
    while (at > 0 && text.data[at - 1] != '\n')
        at--;
    return at;
}

size_t text_line_next(struct bytes text, size_t at)
{
    while (at < text.len && text.data[at] != '\n')
        at++;
    return at < text.len ? at + 1 : at;
}

size_t text_line_end(struct bytes text, size_t at)
{
    size_t end = text_line_next(text, at);
    while (end > at && strchr("\r\n", text.data[end - 1]))
        end--;
    return end;
}

size_t text_line_indent(struct bytes text, size_t line)
{
    size_t at = line;
    while (at < text.len && text.data[at] == ' ')
        at++;
    return at - line;
}

bool text_line_is_blank(struct bytes text, size_t line)
{
    size_t at = line + text_line_indent(text, line);
    return at >= text_line_end(text, line);
}

bool text_line_is_comment(struct bytes text, size_t line)
{
    size_t at = line + text_line_indent(text, line);
    return at < text.len && text.data[at] == '#';
}

const char *text_line_ending(struct bytes text)
{
    const char *end = memchr(text.data, '\n', text.len);
    return end && end > text.data && end[-1] == '\r' ? "\r\n" : "\n";
}

size_t text_line_column(struct bytes text, size_t at)
{
    return at - text_line_start(text, at);
}

bool text_line_begins_at(struct bytes text, size_t at)
{
    size_t line = text_line_start(text, at);
    return line + text_line_indent(text, line) == at;
}

size_t text_line_comment(struct bytes text, size_t at)
{
    size_t end = text_line_end(text, at);
    for (; at < end; at++)
        if (text.data[at] == '#' && at > 0 && strchr(" \t", text.data[at - 1]))
            return at;
    return end;
}

size_t text_line_member_end(struct bytes text, const struct yaml_node *value)
{
    size_t column = text_line_column(text, value->key->start);
    size_t end = text_line_next(text, value->end);
    for (size_t line = end; line < text.len; line = text_line_next(text, line)) {
        if (text_line_is_blank(text, line))
            continue;
        if (!text_line_is_comment(text, line) || text_line_indent(text, line) <= column)
            break;
        end = text_line_next(text, line);
    }
    return end;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct texts {
    char **list;
    size_t count;
};

/* Adds the comments between two values: a '#' at the start of a line or after a space. */
static void add_comments(struct texts *found, struct bytes text, size_t at, size_t end)
{
    for (; at < end; at++) {
        if (text.data[at] != '#' || (at > 0 && !strchr(" \t\r\n", text.data[at - 1])))
            continue;
        size_t last = text_line_end(text, at);
        found->list = alloc_resize(found->list, (found->count + 1) * sizeof(*found->list));
        found->list[found->count++] = str_copy_bytes((struct bytes){text.data + at, last - at});
        at = last;
    }
}

char *text_line_comments(struct bytes text, const struct yaml_nodes *nodes)
{
    struct texts found = {0};
    size_t at = 0;
    for (const struct yaml_node *node = nodes->all; node; node = node->following) {
        if (node->type != YAML_NODE_SCALAR)
            continue;
        add_comments(&found, text, at, node->start);
        at = node->end > at ? node->end : at;
    }
    add_comments(&found, text, at, text.len);
    if (found.count > 0)
        qsort(found.list, found.count, sizeof(*found.list), by_text);
    struct buf all = {0};
    for (size_t i = 0; i < found.count; i++) {
        buf_add_format(&all, "%s\n", found.list[i]);
        free(found.list[i]);
    }
    free(found.list);
    return buf_take(&all);
}
