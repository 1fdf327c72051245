/* SPDX-License-Identifier: Apache-2.0 */
/* ISO 8601 durations. */
#include "base/timestamp.h"
#include "cloudevents/delivery_policy.h"

#include <string.h>

/* Reads "12" or "0.25" in nanoseconds of a unit of one second. False when there is no digit. */
static bool read_number(const char **at, int64_t *whole, int64_t *fraction_ns)
{
    const char *first = *at;
    *whole = *fraction_ns = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++)
        if (__builtin_mul_overflow(*whole, 10, whole) ||
            __builtin_add_overflow(*whole, **at - '0', whole))
            return false;
    if (*at == first)
        return false;
    if (**at != '.' && **at != ',')
        return true;
    first = ++*at;
    for (int64_t unit = NS_PER_SEC / 10; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
        *fraction_ns += unit * (**at - '0');
    return *at > first;
}

/* Adds `number` of the unit that stands at `at`. Units must come in order, each once. */
static bool add_part(const char **at, bool time_part, int *last_unit, int64_t *ns)
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
    if (!read_number(at, &whole, &fraction_ns))
        return false;
    for (int i = *last_unit + 1; i < (int)(sizeof(units) / sizeof(units[0])); i++) {
        if (units[i].letter != **at || units[i].time_part != time_part)
            continue;
        int64_t part;
        if (__builtin_mul_overflow(whole, units[i].seconds * NS_PER_SEC, &part) ||
            __builtin_add_overflow(part, fraction_ns * units[i].seconds, &part) ||
            __builtin_add_overflow(*ns, part, ns))
            return false;
        *last_unit = i;
        ++*at;
        return true;
    }
    return false;
}

bool ce_duration_parse(const char *text, int64_t *ns)
{
    const char *at = text;
    bool minus = *at == '-';
    at += minus;
    if (*at++ != 'P')
        return false;
    int64_t sum = 0;
    int last_unit = -1;
    bool time_part = false;
    while (*at) {
        if (*at == 'T' && !time_part) {
            time_part = true;
            at++;
        }
        if (!add_part(&at, time_part, &last_unit, &sum))
            return false;
    }
    if (last_unit < 0)
        return false;
    *ns = minus ? -sum : sum;
    return true;
}
