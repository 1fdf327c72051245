/* Lines, indentation and edits of a text that is rewritten. */
#ifndef KN_LOCAL_MIGRATE_TEXT_EDIT_H
#define KN_LOCAL_MIGRATE_TEXT_EDIT_H

#include "base/yaml/yaml_nodes.h"

/* Changes of one text, at places of the text before any of them. All zero is none. */
struct edits {
    struct edit {
        size_t start, end, number;
        char *text; /* what takes the place of start…end */
    } * list;
    size_t count;
};

void edits_add(struct edits *edits, size_t start, size_t end, const char *text);
/* Makes a line's indentation so many spaces wide. */
void edits_indent(struct edits *edits, struct bytes text, size_t line, size_t width);
/* Moves the lines that begin within start…end by so many columns; blank lines stay. */
void edits_shift(struct edits *edits, struct bytes text, size_t start, size_t end, long columns);
/* The text after all of them; NULL when two overlap. The caller frees. */
char *edits_apply(struct edits *edits, struct bytes text);
void edits_done(struct edits *edits);

static inline void own_edits(struct edits *local)
{
    edits_done(local);
}

size_t line_start(struct bytes text, size_t at);
size_t line_end(struct bytes text, size_t at);   /* its line break, or the end of the text */
size_t line_after(struct bytes text, size_t at); /* where the next line begins */
size_t line_indent(struct bytes text, size_t line);
bool line_is_comment(struct bytes text, size_t line);
const char *line_break(struct bytes text); /* "\r\n" or "\n" */

/* How far into its line a place is. */
size_t column_of(struct bytes text, size_t at);
/* Whether only spaces stand before it on its line. */
bool opens_line(struct bytes text, size_t at);
/* The '#' of the comment behind a place on its line; the line's end when there is none. */
size_t comment_behind(struct bytes text, size_t at);
/* Where the lines of a member end: behind its value, and behind comments that are indented deeper
 * than its key. */
size_t member_end(struct bytes text, const struct yaml_node *value);

/* All comments, sorted, a line each. The caller frees. */
char *comments_of(struct bytes text, const struct yaml_nodes *nodes);

#endif
