/* SPDX-License-Identifier: Apache-2.0 */
/* ISO 8601 durations. */
#include "base/timestamp.h"
#include "cloudevents/delivery_policy.h"

#include <string.h>

/* Reads "12" or "0.25": the whole part, and the fraction times 10^9. False without a digit. */
static bool read_number(const char **next, int64_t *whole, int64_t *fraction_ns)
{
    const char *first = *next;
    *whole = *fraction_ns = 0;
    for (; **next >= '0' && **next <= '9'; (*next)++)
        if (__builtin_mul_overflow(*whole, 10, whole) ||
            __builtin_add_overflow(*whole, **next - '0', whole))
            return false;
    if (*next == first)
        return false;
    if (**next != '.' && **next != ',')
        return true;
    first = ++*next;
    for (int64_t unit = NS_PER_SEC / 10; **next >= '0' && **next <= '9'; (*next)++, unit /= 10)
        *fraction_ns += unit * (**next - '0');
    return *next > first;
}

/* Reads a number and its unit, and adds it to ns. Units must come in order, each once. */
static bool add_part(const char **next, bool time_part, int *last_unit, int64_t *ns)
{
    static const struct {
        char letter;
        bool time_part;
        int64_t seconds;
    } units[] = {
        {'W', false, 604800}, {'D', false, 86400}, {'H', true, 3600},
        {'M', true, 60},      {'S', true, 1},
    };
    int64_t whole, fraction_ns;
    if (!read_number(next, &whole, &fraction_ns))
        return false;
    for (int i = *last_unit + 1; i < (int)(sizeof(units) / sizeof(units[0])); i++) {
        if (units[i].letter != **next || units[i].time_part != time_part)
            continue;
        int64_t part;
        if (__builtin_mul_overflow(whole, units[i].seconds * NS_PER_SEC, &part) ||
            __builtin_add_overflow(part, fraction_ns * units[i].seconds, &part) ||
            __builtin_add_overflow(*ns, part, ns))
            return false;
        *last_unit = i;
        ++*next;
        return true;
    }
    return false;
}

bool ce_duration_parse(const char *text, int64_t *ns)
{
    bool minus = *text == '-';
    text += minus;
    if (*text++ != 'P')
        return false;
    int64_t sum = 0;
    int last_unit = -1;
    bool time_part = false;
    while (*text) {
        if (*text == 'T' && !time_part) {
            time_part = true;
            text++;
        }
        if (!add_part(&text, time_part, &last_unit, &sum))
            return false;
    }
    if (last_unit < 0)
        return false;
    *ns = minus ? -sum : sum;
    return true;
}
