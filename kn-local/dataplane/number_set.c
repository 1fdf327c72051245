/* SPDX-License-Identifier: Apache-2.0 */
/* A set of numbers that is nearly everything below some number. */
#include "kn-local/dataplane/number_set.h"

#include "base/own.h"
#include "base/str.h"

#include <string.h>

void number_set_done(struct number_set *set)
{
    free(set->ranges);
    *set = (struct number_set){0};
}

/* The index of the first range that ends at `number` or after it. */
static size_t find(const struct number_set *set, uint64_t number)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->ranges[middle].below < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Replaces `count` ranges by those given. */
static void splice(struct number_set *set, size_t at, size_t count, const struct number_range *new,
                   size_t new_count)
{
    size_t total = set->count - count + new_count;
    if (total > set->size) {
        set->size = total * 2 > 8 ? total * 2 : 8;
        set->ranges = alloc_resize(set->ranges, set->size * sizeof(*set->ranges));
    }
    if (set->count > at + count)
        memmove(set->ranges + at + new_count, set->ranges + at + count,
                (set->count - at - count) * sizeof(*set->ranges));
    for (size_t i = 0; i < new_count; i++)
        set->ranges[at + i] = new[i];
    set->count = total;
}

/* Moves low past the ranges that now begin there. */
static void raise_low(struct number_set *set)
{
    size_t passed = 0;
    while (passed < set->count && set->ranges[passed].from <= set->low) {
        if (set->ranges[passed].below > set->low)
            set->low = set->ranges[passed].below;
        passed++;
    }
    if (passed)
        splice(set, 0, passed, NULL, 0);
}

void number_set_add(struct number_set *set, uint64_t from, uint64_t below)
{
    if (below <= set->low || below <= from)
        return;
    if (from <= set->low) {
        set->low = below;
        raise_low(set);
        return;
    }
    struct number_range merged = {from, below};
    size_t first = find(set, from), last = first;
    for (; last < set->count && set->ranges[last].from <= below; last++) {
        if (set->ranges[last].from < merged.from)
            merged.from = set->ranges[last].from;
        if (set->ranges[last].below > merged.below)
            merged.below = set->ranges[last].below;
    }
    splice(set, first, last - first, &merged, 1);
}

bool number_set_has(const struct number_set *set, uint64_t number)
{
    return number_set_next_gap(set, number) != number;
}

uint64_t number_set_next_gap(const struct number_set *set, uint64_t from)
{
    if (from < set->low)
        return set->low;
    size_t i = find(set, from + 1);
    return i < set->count && set->ranges[i].from <= from ? set->ranges[i].below : from;
}

uint64_t number_set_end(const struct number_set *set)
{
    return set->count ? set->ranges[set->count - 1].below : set->low;
}

void number_set_intersect(struct number_set *set, const struct number_set *other)
{
    struct number_set both = {.low = set->low < other->low ? set->low : other->low};
    struct number_range a = {0, set->low}, b = {0, other->low};
    for (size_t i = 0, j = 0;;) {
        uint64_t from = a.from > b.from ? a.from : b.from;
        uint64_t below = a.below < b.below ? a.below : b.below;
        number_set_add(&both, from, below);
        if (a.below < b.below) {
            if (i == set->count)
                break;
            a = set->ranges[i++];
        } else {
            if (j == other->count)
                break;
            b = other->ranges[j++];
        }
    }
    number_set_done(set);
    *set = both;
}

/* Seven bits a byte, the lowest first; the top bit says that there are more. */
static size_t put_number(unsigned char *to, uint64_t number)
{
    size_t len = 0;
    for (; number >= 0x80; number >>= 7)
        to[len++] = (unsigned char)(number | 0x80);
    to[len++] = (unsigned char)number;
    return len;
}

static bool take_number(struct bytes *from, uint64_t *number)
{
    *number = 0;
    for (unsigned shift = 0; from->len && shift < 63; shift += 7) {
        unsigned char byte = (unsigned char)*from->data;
        *from = (struct bytes){from->data + 1, from->len - 1};
        *number |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

void number_set_encode(const struct number_set *set, size_t max, struct buf *out)
{
    uint64_t before = set->low;
    for (size_t i = 0; i < set->count; i++) {
        unsigned char text[20];
        size_t len = put_number(text, set->ranges[i].from - before);
        len += put_number(text + len, set->ranges[i].below - set->ranges[i].from);
        if (out->len + len > max)
            return;
        buf_add(out, text, len);
        before = set->ranges[i].below;
    }
}

bool number_set_decode(struct number_set *set, struct bytes encoded)
{
    uint64_t before = set->low, gap, len;
    while (encoded.len) {
        if (!take_number(&encoded, &gap) || !take_number(&encoded, &len) || !gap || !len)
            return false;
        number_set_add(set, before + gap, before + gap + len);
        before += gap + len;
    }
    return true;
}
