/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, indentation and comments of a YAML text. Positions are in bytes. */
#ifndef KN_LOCAL_MIGRATE_TEXT_LINE_H
#define KN_LOCAL_MIGRATE_TEXT_LINE_H

#include "base/yaml/yaml_nodes.h"

/* Of the line of a position: its start, its end (its line break, or the end of the text), and the
 * start of the line after it. */
size_t text_line_start(struct bytes text, size_t pos);
size_t text_line_end(struct bytes text, size_t pos);
size_t text_line_next(struct bytes text, size_t pos);

/* Of the line that starts at a position. */
size_t text_line_indent(struct bytes text, size_t line);
bool text_line_is_blank(struct bytes text, size_t line);
bool text_line_is_comment(struct bytes text, size_t line);

const char *text_line_ending(struct bytes text); /* "\r\n" or "\n" */

/* The column of a position, from 0. */
size_t text_line_column(struct bytes text, size_t pos);

/* Whether only spaces precede a position on its line. */
bool text_line_begins_at(struct bytes text, size_t pos);

/* The '#' of the comment after a position on its line; the end of the line when there is none. */
size_t text_line_comment(struct bytes text, size_t pos);

/* Where the lines of a member end: after its value, and after comments that are indented deeper
 * than its key. */
size_t text_line_member_end(struct bytes text, const struct yaml_node *value);

/* All comments, sorted, one a line. The caller frees. */
char *text_line_comments(struct bytes text, const struct yaml_nodes *nodes);

#endif
