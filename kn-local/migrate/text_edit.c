/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a string, collected and then applied at once. */
#include "kn-local/migrate/text_edit.h"

#include "base/str.h"
#include "kn-local/migrate/text_line.h"

void text_edit_add(struct text_edit *edits, size_t start, size_t end, const char *text)
{
    edits->list = alloc_resize(edits->list, (edits->count + 1) * sizeof(*edits->list));
    edits->list[edits->count] = (struct text_change){start, end, edits->count, str_copy(text)};
    edits->count++;
}

void text_edit_indent(struct text_edit *edits, struct bytes text, size_t line, size_t width)
{
    OWN(free) char *spaces = str_format("%*s", (int)width, "");
    text_edit_add(edits, line, line + text_line_indent(text, line), spaces);
}

void text_edit_shift(struct text_edit *edits, struct bytes text, size_t start, size_t end,
                     long columns)
{
    for (size_t line = start; line < end; line = text_line_next(text, line)) {
        long width = (long)text_line_indent(text, line) + columns;
        if (!text_line_is_blank(text, line))
            text_edit_indent(edits, text, line, width > 0 ? (size_t)width : 0);
    }
}

static int by_position(const void *a, const void *b)
{
    const struct text_change *one = a;
    const struct text_change *other = b;
    if (one->start != other->start)
        return one->start < other->start ? -1 : 1;
    return one->number < other->number ? -1 : 1;
}

char *text_edit_apply(struct text_edit *edits, struct bytes text)
{
    OWN(buf) struct buf out = {0};
    size_t at = 0;
    if (edits->count > 0)
        qsort(edits->list, edits->count, sizeof(*edits->list), by_position);
    for (size_t i = 0; i < edits->count; i++) {
        const struct text_change *edit = &edits->list[i];
        if (edit->start < at || edit->end < edit->start)
            return NULL;
        buf_add(&out, text.data + at, edit->start - at);
        buf_add_text(&out, edit->text);
        at = edit->end;
    }
    buf_add(&out, text.data + at, text.len - at);
    return buf_take(&out);
}

void text_edit_done(struct text_edit *edits)
{
    for (size_t i = 0; i < edits->count; i++)
        free(edits->list[i].text);
    free(edits->list);
    *edits = (struct text_edit){0};
}
