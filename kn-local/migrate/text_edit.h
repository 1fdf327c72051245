/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a string, collected and then applied at once. */
#ifndef KN_LOCAL_MIGRATE_TEXT_EDIT_H
#define KN_LOCAL_MIGRATE_TEXT_EDIT_H

#include "base/buf.h"

/* Positions are those of the text before any change. Zero-initialized is empty. */
struct text_edit {
    struct text_change {
        size_t start, end, number;
        char *text; /* replaces start…end */
    } * list;
    size_t count;
};

void text_edit_add(struct text_edit *edits, size_t start, size_t end, const char *text);
/* Sets the indentation of a line. */
void text_edit_indent(struct text_edit *edits, struct bytes text, size_t line, size_t width);
/* Moves the lines that start within start…end by a number of columns, but not blank ones. */
void text_edit_shift(struct text_edit *edits, struct bytes text, size_t start, size_t end,
                     long columns);
/* The changed text; NULL when two changes overlap. The caller frees. */
char *text_edit_apply(struct text_edit *edits, struct bytes text);
void text_edit_done(struct text_edit *edits);

static inline void own_text_edit(struct text_edit *local)
{
    text_edit_done(local);
}

#endif
