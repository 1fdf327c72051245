/* SPDX-License-Identifier: Apache-2.0 */
/* Cron schedules as Knative's PingSource has them (robfig/cron v3). */
#include "kn-local/schedule/cron.h"

#include "base/str.h"

#include <string.h>
#include <time.h>

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                          "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

/* The values of a field. */
struct field {
    const char *name;
    int min, max;
    const char *const *names; /* the first one is min; NULL: numbers only */
};

static const struct field fields[] = {
    {"second", 0, 59, NULL},       {"minute", 0, 59, NULL},
    {"hour", 0, 23, NULL},         {"day of month", 1, 31, NULL},
    {"month", 1, 12, month_names}, {"day of week", 0, 6, weekday_names},
};

enum { FIELD_COUNT = 6, YEARS_AHEAD = 5 };

/* Ends text at the first separator and returns the rest; NULL when there is no separator. */
static char *split_at(char *text, char separator)
{
    char *at = strchr(text, separator);
    if (at)
        *at++ = '\0';
    return at;
}

static bool read_value(const struct field *field, const char *text, int *value, struct err *err)
{
    for (int i = 0; field->names && field->names[i]; i++)
        if (str_equal_any_case(text, field->names[i])) {
            *value = field->min + i;
            return true;
        }
    int64_t number;
    if (!str_int(text, field->min, field->max, &number))
        return err_set(err, ERR_INPUT, "%s is \"%s\", expected %d to %d", field->name, text,
                       field->min, field->max);
    *value = (int)number;
    return true;
}

/* Parses "*", "7" or "1-5", each with an optional "/STEP"; sets bits. *any: the field is not
 * restricted. */
static bool read_range(const struct field *field, char *text, uint64_t *bits, bool *any,
                       struct err *err)
{
    char *step_text = split_at(text, '/');
    char *end_text = split_at(text, '-');
    int first = field->min, last = field->max;
    int64_t step = 1;
    bool star = str_equal(text, "*") || str_equal(text, "?");

    if (star && end_text)
        return err_set(err, ERR_INPUT, "%s: a range cannot begin with %s", field->name, text);
    if (!star && !read_value(field, text, &first, err))
        return false;
    if (end_text && !read_value(field, end_text, &last, err))
        return false;
    if (!star && !end_text && !step_text)
        last = first;
    if (first > last)
        return err_set(err, ERR_INPUT, "%s: the range %s-%s runs backwards", field->name, text,
                       end_text);
    if (step_text && !str_int(step_text, 1, 1000, &step))
        return err_set(err, ERR_INPUT, "%s: the step is \"%s\", expected a number from 1",
                       field->name, step_text);

    for (int value = first; value <= last; value += (int)step)
        *bits |= UINT64_C(1) << value;
    *any |= star && step == 1;
    return true;
}

static bool read_field(const struct field *field, char *text, uint64_t *bits, bool *any,
                       struct err *err)
{
    *bits = 0;
    *any = false;
    for (char *rest; text; text = rest) {
        rest = split_at(text, ',');
        if (!read_range(field, text, bits, any, err))
            return false;
    }
    return true;
}

static const char *descriptor(const char *text, struct err *err)
{
    static const char *const known[][2] = {
        {"@yearly", "0 0 0 1 1 *"}, {"@annually", "0 0 0 1 1 *"}, {"@monthly", "0 0 0 1 * *"},
        {"@weekly", "0 0 0 * * 0"}, {"@daily", "0 0 0 * * *"},    {"@midnight", "0 0 0 * * *"},
        {"@hourly", "0 0 * * * *"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (str_equal(text, known[i][0]))
            return known[i][1];
    if (str_starts(text, "@every"))
        err_set(err, ERR_INPUT, "schedule: @every is not supported, use a cron expression");
    else
        err_set(err, ERR_INPUT,
                "schedule: unknown \"%s\", expected @hourly, @daily, @weekly, @monthly or @yearly",
                text);
    return NULL;
}

/* Splits text into words; those beyond max are counted only. */
static size_t words(char *text, char *list[], size_t max)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest)) {
        if (count < max)
            list[count] = word;
        count++;
    }
    return count;
}

bool cron_parse(const char *text, struct cron *cron, struct err *err)
{
    if (*text == '@' && !(text = descriptor(text, err)))
        return false;
    OWN(free) char *copy = str_copy(text);
    char *list[FIELD_COUNT] = {0};
    size_t count = words(copy, list, ARRAY_SIZE(list));
    if (count != FIELD_COUNT && count != FIELD_COUNT - 1)
        return err_set(err, ERR_INPUT, "schedule has %zu fields, expected 5, or 6 with seconds",
                       count);

    char zero[] = "0";
    if (count == FIELD_COUNT - 1) {
        memmove(list + 1, list, count * sizeof(*list));
        list[0] = zero;
    }
    uint64_t *bits[] = {&cron->seconds, &cron->minutes, &cron->hours,
                        &cron->days,    &cron->months,  &cron->weekdays};
    bool any[FIELD_COUNT];
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (!read_field(&fields[i], list[i], bits[i], &any[i], err))
            return err_wrap(err, "schedule");
    cron->any_day = any[3];
    cron->any_weekday = any[5];
    return true;
}

static bool has(uint64_t bits, int value)
{
    return bits >> value & 1;
}

static bool day_matches(const struct cron *cron, const struct tm *local)
{
    if (!has(cron->months, local->tm_mon + 1))
        return false;
    bool day = has(cron->days, local->tm_mday), weekday = has(cron->weekdays, local->tm_wday);
    return cron->any_day || cron->any_weekday ? day && weekday : day || weekday;
}

int64_t cron_next(const struct cron *cron, const struct time_zone *zone, int64_t seconds)
{
    int64_t limit = seconds + INT64_C(86400) * 366 * YEARS_AHEAD;
    for (int64_t at = seconds + 1; at < limit;) {
        time_t shifted = (time_t)(at + timezone_offset(zone, at));
        struct tm local;
        gmtime_r(&shifted, &local);
        /* to the next local hour or minute: at most one clock change lies between */
        if (!day_matches(cron, &local) || !has(cron->hours, local.tm_hour))
            at += 3600 - (local.tm_min * 60 + local.tm_sec);
        else if (!has(cron->minutes, local.tm_min))
            at += 60 - local.tm_sec;
        else if (!has(cron->seconds, local.tm_sec))
            at++;
        else
            return at;
    }
    return -1;
}
