/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, indentation and edits of a text that is rewritten. */
#ifndef KN_LOCAL_MIGRATE_TEXT_EDIT_H
#define KN_LOCAL_MIGRATE_TEXT_EDIT_H

#include "base/yaml/yaml_nodes.h"

/* Changes of one text, at places of the text before any of them. All zero is none. */
struct text_edit {
    struct text_change {
        size_t start, end, number;
        char *text; /* what takes the place of start…end */
    } * list;
    size_t count;
};

void text_edit_add(struct text_edit *edits, size_t start, size_t end, const char *text);
/* Makes a line's indentation so many spaces wide. */
void text_edit_indent(struct text_edit *edits, struct bytes text, size_t line, size_t width);
/* Moves the lines that begin within start…end by so many columns; blank lines stay. */
void text_edit_shift(struct text_edit *edits, struct bytes text, size_t start, size_t end,
                     long columns);
/* The text after all of them; NULL when two overlap. The caller frees. */
char *text_edit_apply(struct text_edit *edits, struct bytes text);
void text_edit_done(struct text_edit *edits);

static inline void own_text_edit(struct text_edit *local)
{
    text_edit_done(local);
}

size_t text_line_start(struct bytes text, size_t at);
size_t text_line_end(struct bytes text, size_t at);  /* its line break, or the end of the text */
size_t text_line_next(struct bytes text, size_t at); /* where the next line begins */
size_t text_line_indent(struct bytes text, size_t line);
bool text_line_is_comment(struct bytes text, size_t line);
const char *text_line_ending(struct bytes text); /* "\r\n" or "\n" */

/* How far into its line a place is. */
size_t text_line_column(struct bytes text, size_t at);
/* Whether only spaces stand before it on its line. */
bool text_line_begins_at(struct bytes text, size_t at);
/* The '#' of the comment behind a place on its line; the line's end when there is none. */
size_t text_line_comment(struct bytes text, size_t at);
/* Where the lines of a member end: behind its value, and behind comments that are indented deeper
 * than its key. */
size_t text_line_member_end(struct bytes text, const struct yaml_node *value);

/* All comments, sorted, a line each. The caller frees. */
char *text_line_comments(struct bytes text, const struct yaml_nodes *nodes);

#endif
