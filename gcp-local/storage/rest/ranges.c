/* SPDX-License-Identifier: Apache-2.0 */
/* The header fields Range and Content-Range. Pure. */
#include "gcp-local/storage/rest/ranges.h"

#include "base/str.h"

#include <string.h>

/* Reads the number at *text and moves *text past it. False when it is missing or too large. */
static bool read_number(const char **text, int64_t *value)
{
    size_t len = strspn(*text, "0123456789");
    char digits[20] = "";
    if (len == 0 || len >= sizeof(digits))
        return false;
    memcpy(digits, *text, len);
    *text += len;
    return str_int(digits, 0, INT64_MAX, value);
}

/* Reads a number, or "*", which is -1. */
static bool read_number_or_star(const char **text, int64_t *value)
{
    if (**text != '*')
        return read_number(text, value);
    *value = -1;
    (*text)++;
    return true;
}

static bool skip(const char **text, const char *prefix)
{
    if (!str_starts_any_case(*text, prefix))
        return false;
    *text += strlen(prefix);
    return true;
}

enum range_kind ranges_parse(const char *field, int64_t size, struct byte_range *range)
{
    if (!field || !skip(&field, "bytes="))
        return RANGE_WHOLE;

    int64_t first = 0, last = size - 1;
    if (skip(&field, "-")) { /* the last bytes */
        int64_t count;
        if (!read_number(&field, &count) || *field)
            return RANGE_WHOLE;
        if (count == 0)
            return RANGE_UNSATISFIABLE;
        first = count < size ? size - count : 0;
    } else {
        if (!read_number(&field, &first) || !skip(&field, "-"))
            return RANGE_WHOLE;
        if (*field && (!read_number(&field, &last) || *field || last < first))
            return RANGE_WHOLE;
    }
    if (first >= size)
        return RANGE_UNSATISFIABLE;
    *range = (struct byte_range){first, last < size ? last : size - 1};
    return RANGE_PART;
}

static bool is_consistent(const struct content_range *range)
{
    if (range->last < 0)
        return range->total < 0 || range->first <= range->total;
    return range->first <= range->last && (range->total < 0 || range->last < range->total);
}

bool ranges_parse_content_range(const char *field, struct content_range *range)
{
    *range = (struct content_range){.last = -1};
    if (!field || !skip(&field, "bytes"))
        return false;
    field += strspn(field, " =");
    range->has_bytes = *field != '*';
    if (range->has_bytes) {
        if (!read_number(&field, &range->first) || !skip(&field, "-") ||
            !read_number_or_star(&field, &range->last))
            return false;
    } else {
        field++;
    }
    if (!skip(&field, "/") || !read_number_or_star(&field, &range->total) || *field)
        return false;

    return !range->has_bytes || is_consistent(range);
}
