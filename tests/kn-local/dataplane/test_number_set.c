/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of numbers, compared with a plain list of flags. */
#include "base/str.h"
#include "kn-local/dataplane/number_set.h"
#include "tests/helpers/test.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBERS = 200 };

static char *text_of(const struct number_set *set)
{
    struct buf text = {0};
    buf_add_format(&text, "%d", (int)set->low);
    for (size_t i = 0; i < set->count; i++)
        buf_add_format(&text, " %d-%d", (int)set->ranges[i].from, (int)set->ranges[i].below);
    return buf_take(&text);
}

TEST(ranges_grow_together_and_raise_the_lowest_number)
{
    static const struct {
        uint64_t from, below;
        const char *then;
    } rows[] = {
        {0, 3, "3"},           {5, 6, "3 5-6"},   {8, 9, "3 5-6 8-9"},
        {6, 7, "3 5-7 8-9"},   {7, 8, "3 5-9"},   {12, 14, "3 5-9 12-14"},
        {5, 9, "3 5-9 12-14"}, {4, 13, "3 4-14"}, {3, 4, "14"},
        {0, 2, "14"},
    };
    OWN(number_set) struct number_set set = {0};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        number_set_add(&set, rows[i].from, rows[i].below);
        OWN(free) char *text = text_of(&set);
        EXPECT_STR(text, rows[i].then);
    }
}

/* Adds the same random numbers to a set and to flags. */
static void fill(struct number_set *set, bool flags[NUMBERS], unsigned *seed)
{
    for (int i = rand_r(seed) % 60; i > 0; i--) {
        unsigned from = (unsigned)rand_r(seed) % NUMBERS;
        unsigned below = from + (unsigned)rand_r(seed) % 12;
        below = below > NUMBERS ? NUMBERS : below;
        number_set_add(set, from, below);
        for (unsigned n = from; n < below; n++)
            flags[n] = true;
    }
}

static void expect_same(const struct number_set *set, const bool flags[NUMBERS])
{
    for (unsigned n = 0; n < NUMBERS; n++)
        EXPECT(number_set_has(set, n) == flags[n]);
    for (size_t i = 1; i < set->count; i++)
        EXPECT(set->ranges[i - 1].below < set->ranges[i].from);
    EXPECT(!set->count || set->ranges[0].from > set->low);
}

TEST(a_set_is_what_was_added_its_intersections_and_its_bytes_too)
{
    for (unsigned seed = 1; seed < 300; seed++) {
        unsigned state = seed;
        bool a_flags[NUMBERS] = {0}, b_flags[NUMBERS] = {0};
        OWN(number_set) struct number_set a = {0};
        OWN(number_set) struct number_set b = {0};
        fill(&a, a_flags, &state);
        fill(&b, b_flags, &state);
        expect_same(&a, a_flags);

        OWN(buf) struct buf bytes = {0};
        OWN(number_set) struct number_set copy = {0};
        number_set_encode(&a, 1000, &bytes);
        number_set_add(&copy, 0, a.low);
        EXPECT(number_set_decode(&copy, buf_bytes(&bytes)));
        expect_same(&copy, a_flags);

        number_set_intersect(&a, &b);
        for (unsigned n = 0; n < NUMBERS; n++)
            a_flags[n] = a_flags[n] && b_flags[n];
        expect_same(&a, a_flags);
    }
}

TEST(bytes_that_do_not_fit_leave_the_highest_ranges_out)
{
    OWN(number_set) struct number_set set = {0};
    for (uint64_t n = 2; n < 100; n += 2)
        number_set_add(&set, n, n + 1);
    OWN(buf) struct buf bytes = {0};
    number_set_encode(&set, 21, &bytes);
    OWN(number_set) struct number_set copy = {0};
    EXPECT(number_set_decode(&copy, buf_bytes(&bytes)));
    EXPECT_INT(copy.count, 10);
    EXPECT(number_set_has(&copy, 20) && !number_set_has(&copy, 22));
}
