/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones from the system's tz database (RFC 8536): transitions from a table, and by a rule
 * after its end. */
#include "kn-local/schedule/timezone.h"

#include "base/str.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

enum { ZONE_FILE_MAX = 1 << 20 };

/* A day of each year on which the clocks change, "M3.5.0/2": month, week (5 = last), weekday. */
struct tz_transition {
    enum { CHANGE_MONTH, CHANGE_JULIAN, CHANGE_DAY } form;
    int month, week, day;
    int32_t second; /* of that day, in the local time before the transition */
};

/* A POSIX rule, which applies after the last transition of the table. */
struct rule {
    bool given, has_summer;
    int32_t standard, summer;        /* seconds east of UTC */
    struct tz_transition begin, end; /* of summer time */
};

struct time_zone {
    size_t count;
    int64_t *at;      /* transitions, ascending */
    int32_t *offsets; /* from at[i] on */
    int32_t first;    /* before at[0] */
    struct rule rule;
};

static bool rule_name(const char **text)
{
    const char *at = *text;
    if (*at == '<') {
        at = strchr(at, '>');
        *text = at ? at + 1 : *text;
        return at != NULL;
    }
    while ((*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z'))
        at++;
    bool named = at - *text >= 3;
    *text = at;
    return named;
}

static bool rule_number(const char **text, int low, int high, int *value)
{
    int sum = 0, digits = 0;
    for (; **text >= '0' && **text <= '9' && digits < 4; (*text)++, digits++)
        sum = sum * 10 + (**text - '0');
    *value = sum;
    return digits > 0 && sum >= low && sum <= high;
}

/* [+-]hh[:mm[:ss]] */
static bool rule_clock(const char **text, int32_t *seconds)
{
    int sign = **text == '-' ? -1 : 1;
    *text += **text == '-' || **text == '+';
    int hours, minutes = 0, rest = 0;
    if (!rule_number(text, 0, 167, &hours))
        return false;
    if (**text == ':' && (++*text, !rule_number(text, 0, 59, &minutes)))
        return false;
    if (**text == ':' && (++*text, !rule_number(text, 0, 59, &rest)))
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60 + rest);
    return true;
}

static bool rule_day(const char **text, struct tz_transition *change)
{
    if (**text == 'M') {
        change->form = CHANGE_MONTH;
        ++*text;
        return rule_number(text, 1, 12, &change->month) && *(*text)++ == '.' &&
               rule_number(text, 1, 5, &change->week) && *(*text)++ == '.' &&
               rule_number(text, 0, 6, &change->day);
    }
    bool julian = **text == 'J';
    change->form = julian ? CHANGE_JULIAN : CHANGE_DAY;
    *text += julian;
    return rule_number(text, julian, 365, &change->day);
}

static bool rule_change(const char **text, struct tz_transition *change)
{
    if (**text != ',')
        return false;
    ++*text;
    change->second = 2 * 3600;
    if (!rule_day(text, change))
        return false;
    return **text != '/' || (++*text, rule_clock(text, &change->second));
}

static bool rule_parse(const char *text, struct rule *rule)
{
    int32_t west;
    if (!rule_name(&text) || !rule_clock(&text, &west))
        return false;
    rule->standard = -west;
    rule->given = true;
    if (!*text)
        return true;

    rule->summer = rule->standard + 3600;
    rule->has_summer = true;
    if (!rule_name(&text))
        return false;
    if (*text && *text != ',') {
        if (!rule_clock(&text, &west))
            return false;
        rule->summer = -west;
    }
    return rule_change(&text, &rule->begin) && rule_change(&text, &rule->end) && !*text;
}

static int64_t day_of(int year, int month, int day)
{
    struct tm date = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return (int64_t)timegm(&date) / 86400;
}

static bool leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The day of a transition in a year, counted from 1970-01-01. */
static int64_t change_day(const struct tz_transition *change, int year)
{
    int64_t new_year = day_of(year, 1, 1);
    if (change->form == CHANGE_DAY)
        return new_year + change->day;
    if (change->form == CHANGE_JULIAN) /* February 29 is not counted */
        return new_year + change->day - 1 + (leap(year) && change->day >= 60);

    int64_t first = day_of(year, change->month, 1);
    int64_t weekday = (first + 4) % 7; /* 1970-01-01 was a Thursday; negative before */
    int64_t day = first + (change->day - (weekday + 7) % 7 + 7) % 7 + 7 * (change->week - 1);
    int64_t next =
        change->month == 12 ? day_of(year + 1, 1, 1) : day_of(year, change->month + 1, 1);
    return day < next ? day : day - 7;
}

static int32_t rule_offset(const struct rule *rule, int64_t seconds)
{
    if (!rule->has_summer)
        return rule->standard;
    time_t local = (time_t)(seconds + rule->standard);
    struct tm date;
    gmtime_r(&local, &date);
    int year = date.tm_year + 1900;
    int64_t begin = change_day(&rule->begin, year) * 86400 + rule->begin.second - rule->standard;
    int64_t end = change_day(&rule->end, year) * 86400 + rule->end.second - rule->summer;
    bool summer = begin < end ? seconds >= begin && seconds < end /* north */
                              : seconds >= begin || seconds < end;
    return summer ? rule->summer : rule->standard;
}

static int64_t big_endian(const unsigned char *at, size_t size)
{
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

/* The counts of a header, in the file's order. */
struct tzif {
    size_t utc, standard, leaps, times, types, chars;
};

enum { TZIF_HEADER = 44 };

static bool tzif_header(struct bytes file, struct tzif *head)
{
    if (file.len < TZIF_HEADER || memcmp(file.data, "TZif", 4) != 0)
        return false;
    size_t *counts[] = {&head->utc,   &head->standard, &head->leaps,
                        &head->times, &head->types,    &head->chars};
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        int64_t count = big_endian((const unsigned char *)file.data + 20 + 4 * i, 4);
        if (count < 0 || count > ZONE_FILE_MAX)
            return false;
        *counts[i] = (size_t)count;
    }
    return head->types > 0;
}

/* The length of the data block that follows a header, with times of so many bytes. */
static size_t tzif_size(const struct tzif *head, size_t time)
{
    return head->times * (time + 1) + head->types * 6 + head->chars + head->leaps * (time + 4) +
           head->standard + head->utc;
}

static struct bytes skip(struct bytes from, size_t len)
{
    return len > from.len ? (struct bytes){0} : (struct bytes){from.data + len, from.len - len};
}

/* Reads the transitions; false when an index is out of range. */
static bool tzif_read(struct time_zone *zone, const struct tzif *head, const unsigned char *data,
                      size_t time)
{
    const unsigned char *index = data + head->times * time;
    const unsigned char *types = index + head->times;
    zone->count = head->times;
    zone->at = alloc_zeroed(head->times * sizeof(*zone->at));
    zone->offsets = alloc_zeroed(head->times * sizeof(*zone->offsets));
    zone->first = (int32_t)big_endian(types, 4);
    for (size_t i = 0; i < head->times; i++) {
        if (index[i] >= head->types)
            return false;
        zone->at[i] = big_endian(data + i * time, time);
        zone->offsets[i] = (int32_t)big_endian(types + (size_t)index[i] * 6, 4);
        if (i > 0 && zone->at[i] <= zone->at[i - 1])
            return false;
    }
    return true;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n"; empty when no rule is known. */
static bool tzif_footer(struct time_zone *zone, struct bytes footer)
{
    if (footer.len < 2 || footer.data[0] != '\n' || footer.data[footer.len - 1] != '\n')
        return false;
    OWN(free) char *rule = str_copy_bytes((struct bytes){footer.data + 1, footer.len - 2});
    return !*rule || rule_parse(rule, &zone->rule);
}

static bool tzif_parse(struct bytes file, struct time_zone *zone)
{
    struct tzif head;
    if (!tzif_header(file, &head))
        return false;
    size_t time = 4;
    if (file.data[4] >= '2') { /* a second block, with 64-bit times */
        file = skip(file, TZIF_HEADER + tzif_size(&head, time));
        time = 8;
        if (!tzif_header(file, &head))
            return false;
    }
    struct bytes data = skip(file, TZIF_HEADER);
    if (data.len < tzif_size(&head, time) ||
        !tzif_read(zone, &head, (const unsigned char *)data.data, time))
        return false;
    return time == 4 || tzif_footer(zone, skip(data, tzif_size(&head, time)));
}

struct time_zone *timezone_from_bytes(struct bytes file)
{
    OWN(time_zone) struct time_zone *zone = alloc_zeroed(sizeof(*zone));
    return tzif_parse(file, zone) ? move_ptr(&zone) : NULL;
}

struct time_zone *timezone_from_rule(const char *rule)
{
    OWN(time_zone) struct time_zone *zone = alloc_zeroed(sizeof(*zone));
    return rule_parse(rule, &zone->rule) ? move_ptr(&zone) : NULL;
}

static struct time_zone *zone_from_file(const char *path)
{
    OWN(file) FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    OWN(buf) struct buf content = {.max = ZONE_FILE_MAX};
    char piece[4096];
    for (size_t len; (len = fread(piece, 1, sizeof(piece), file)) > 0;)
        if (!buf_add(&content, piece, len))
            return NULL;
    return timezone_from_bytes(buf_bytes(&content));
}

static struct time_zone *zone_named(const char *name)
{
    if (str_equal(name, "UTC"))
        return timezone_from_rule("UTC0");
    if (*name == '/' || strstr(name, ".."))
        return NULL;
    OWN(free) char *path = str_format("/usr/share/zoneinfo/%s", name);
    return zone_from_file(path);
}

static struct time_zone *zone_of_machine(void)
{
    const char *name = getenv("TZ");
    if (name && *name == ':')
        name++;
    struct time_zone *zone = str_empty(name) ? zone_from_file("/etc/localtime") : zone_named(name);
    if (!zone && !str_empty(name))
        zone = timezone_from_rule(name);
    return zone ? zone : timezone_from_rule("UTC0");
}

struct time_zone *timezone_open(const char *name, struct err *err)
{
    if (str_empty(name) || str_equal(name, "Local"))
        return zone_of_machine();
    struct time_zone *zone = zone_named(name);
    if (!zone)
        err_set(err, ERR_INPUT, "unknown time zone %s", name);
    return zone;
}

void timezone_close(struct time_zone *zone)
{
    if (!zone)
        return;
    free(zone->at);
    free(zone->offsets);
    free(zone);
}

int32_t timezone_offset(const struct time_zone *zone, int64_t seconds)
{
    if (zone->count == 0 || seconds >= zone->at[zone->count - 1])
        return zone->rule.given  ? rule_offset(&zone->rule, seconds)
               : zone->count > 0 ? zone->offsets[zone->count - 1]
                                 : zone->first;
    size_t low = 0, high = zone->count; /* the first transition after seconds */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (zone->at[middle] > seconds)
            high = middle;
        else
            low = middle + 1;
    }
    return low == 0 ? zone->first : zone->offsets[low - 1];
}
