/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules of PingSource: which texts are schedules, and when they strike. */
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/schedule/cron.h"
#include "tests/helpers/test.h"

#include <string.h>

/* Rules instead of names, so that the tests need no tz database. */
static const char BERLIN[] = "CET-1CEST,M3.5.0,M10.5.0/3";
static const char NEW_YORK[] = "EST5EDT,M3.2.0,M11.1.0";
static const char SYDNEY[] = "AEST-10AEDT,M10.1.0,M4.1.0/3";
static const char LORD_HOWE[] = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";
static const char UTC[] = "UTC0";

static int64_t seconds_of(const char *time)
{
    int64_t ns = 0;
    EXPECT(timestamp_parse(time, &ns));
    return ns / NS_PER_SEC;
}

/* When a schedule strikes next, as text in UTC; "never" when it does not. Static storage. */
static const char *next(const char *schedule, const char *rule, const char *after)
{
    static char text[TIMESTAMP_SIZE];
    struct err err = {0};
    struct cron cron;
    if (!cron_parse(schedule, &cron, &err))
        return strcpy(text, "no schedule");
    OWN(time_zone) struct time_zone *zone = timezone_from_rule(rule);
    EXPECT(zone != NULL);
    int64_t at = cron_next(&cron, zone, seconds_of(after));
    if (at < 0)
        return strcpy(text, "never");
    timestamp_format(at * NS_PER_SEC, text);
    return text;
}

struct row {
    const char *schedule, *rule, *after, *then;
};

static void expect_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        EXPECT_STR(next(rows[i].schedule, rows[i].rule, rows[i].after), rows[i].then);
}

TEST(a_schedule_fires_at_the_next_time_that_matches_all_fields)
{
    static const struct row rows[] = {
        {"* * * * *", UTC, "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"},
        {"* * * * *", UTC, "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z"},
        {"* * * * * *", UTC, "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"},
        {"*/15 * * * * *", UTC, "2026-01-01T00:00:46Z", "2026-01-01T00:01:00Z"},
        {"*/5 * * * *", UTC, "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"},
        {"7/20 * * * *", UTC, "2026-01-01T00:10:00Z", "2026-01-01T00:27:00Z"},
        {"0 9-17 * * *", UTC, "2026-01-01T17:00:00Z", "2026-01-02T09:00:00Z"},
        {"0 9-17/4 * * *", UTC, "2026-01-01T09:30:00Z", "2026-01-01T13:00:00Z"},
        {"30 8,20 * * *", UTC, "2026-01-01T08:30:00Z", "2026-01-01T20:30:00Z"},
        {"0 0 1 * *", UTC, "2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z"},
        {"0 0 31 * *", UTC, "2026-01-31T12:00:00Z", "2026-03-31T00:00:00Z"},
        {"0 0 29 2 *", UTC, "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
        {"0 0 * * MON-fri", UTC, "2026-01-02T00:00:00Z", "2026-01-05T00:00:00Z"},
        {"0 0 ? Dec *", UTC, "2026-01-01T00:00:00Z", "2026-12-01T00:00:00Z"},
        {"0 0 30 2 *", UTC, "2026-01-01T00:00:00Z", "never"},
        {"59 59 23 31 12 *", UTC, "2026-12-31T23:59:59Z", "2027-12-31T23:59:59Z"},
    };
    expect_rows(rows, ARRAY_SIZE(rows));
}

TEST(a_day_and_a_weekday_together_fire_on_either)
{
    static const struct row rows[] = {
        {"0 0 13 * FRI", UTC, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"},
        {"0 0 13 * FRI", UTC, "2026-01-09T00:00:00Z", "2026-01-13T00:00:00Z"},
        {"0 0 */1 * FRI", UTC, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"},
        {"0 0 */2 * FRI", UTC, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"},
        {"0 0 */2 * FRI", UTC, "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"},
    };
    expect_rows(rows, ARRAY_SIZE(rows));
}

TEST(the_names_of_schedules_fire_at_midnight_or_on_the_hour)
{
    static const struct row rows[] = {
        {"@hourly", UTC, "2026-01-01T00:10:00Z", "2026-01-01T01:00:00Z"},
        {"@daily", UTC, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"},
        {"@midnight", UTC, "2026-01-01T23:59:59Z", "2026-01-02T00:00:00Z"},
        {"@weekly", UTC, "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"},
        {"@monthly", UTC, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"},
        {"@yearly", UTC, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"@annually", UTC, "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"},
    };
    expect_rows(rows, ARRAY_SIZE(rows));
}

TEST(a_schedule_follows_the_clocks_of_its_zone)
{
    static const struct row rows[] = {
        {"0 9 * * *", BERLIN, "2026-01-01T00:00:00Z", "2026-01-01T08:00:00Z"},
        {"0 9 * * *", BERLIN, "2026-07-01T00:00:00Z", "2026-07-01T07:00:00Z"},
        {"0 9 * * *", NEW_YORK, "2026-07-01T00:00:00Z", "2026-07-01T13:00:00Z"},
        {"0 9 * * *", SYDNEY, "2026-01-01T00:00:00Z", "2026-01-01T22:00:00Z"},
        {"0 9 * * *", SYDNEY, "2026-07-01T00:00:00Z", "2026-07-01T23:00:00Z"},
        {"0 9 * * *", LORD_HOWE, "2026-07-01T00:00:00Z", "2026-07-01T22:30:00Z"},
    };
    expect_rows(rows, ARRAY_SIZE(rows));
}

TEST(a_local_time_that_is_skipped_does_not_fire)
{
    static const struct row rows[] = {
        /* Berlin went from 02:00 to 03:00 on 2026-03-29 */
        {"30 2 * * *", BERLIN, "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"},
        {"30 3 * * *", BERLIN, "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"},
        {"0 * * * *", BERLIN, "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"},
        {"30 2 8 3 *", NEW_YORK, "2026-01-01T00:00:00Z", "2027-03-08T07:30:00Z"},
    };
    expect_rows(rows, ARRAY_SIZE(rows));
}

TEST(a_local_time_that_comes_twice_fires_twice)
{
    static const struct row rows[] = {
        /* Berlin went from 03:00 back to 02:00 on 2026-10-25, at 01:00 UTC */
        {"30 2 * * *", BERLIN, "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
        {"30 2 * * *", BERLIN, "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
        {"30 2 * * *", BERLIN, "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"},
        {"45 1 * * *", LORD_HOWE, "2026-04-04T12:00:00Z", "2026-04-04T14:45:00Z"},
        {"45 1 * * *", LORD_HOWE, "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"},
    };
    expect_rows(rows, ARRAY_SIZE(rows));
}

TEST(an_invalid_schedule_is_refused_with_the_wrong_field)
{
    static const struct {
        const char *schedule, *text;
    } rows[] = {
        {"", "schedule has 0 fields, expected 5, or 6 with seconds"},
        {"* * * *", "schedule has 4 fields, expected 5, or 6 with seconds"},
        {"* * * * * * *", "schedule has 7 fields, expected 5, or 6 with seconds"},
        {"60 * * * *", "schedule: minute is \"60\", expected 0 to 59"},
        {"* 24 * * *", "schedule: hour is \"24\", expected 0 to 23"},
        {"* * 0 * *", "schedule: day of month is \"0\", expected 1 to 31"},
        {"* * * 13 *", "schedule: month is \"13\", expected 1 to 12"},
        {"* * * * 7", "schedule: day of week is \"7\", expected 0 to 6"},
        {"* * * * mo", "schedule: day of week is \"mo\", expected 0 to 6"},
        {"-1 * * * *", "schedule: minute is \"\", expected 0 to 59"},
        {"5-1 * * * *", "schedule: minute: the range 5-1 runs backwards"},
        {"*/0 * * * *", "schedule: minute: the step is \"0\", expected a number from 1"},
        {"*/x * * * *", "schedule: minute: the step is \"x\", expected a number from 1"},
        {"*-5 * * * *", "schedule: minute: a range cannot begin with *"},
        {"1,, * * * *", "schedule: minute is \"\", expected 0 to 59"},
        {"@every 5m", "schedule: @every is not supported, use a cron expression"},
        {"@reboot", "schedule: unknown \"@reboot\", expected @hourly, @daily, @weekly, @monthly "
                    "or @yearly"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        struct cron cron;
        EXPECT(!cron_parse(rows[i].schedule, &cron, &err));
        EXPECT_STR(err.text, rows[i].text);
        EXPECT_INT(err.status, ERR_INPUT);
    }
}

TEST(a_zone_that_does_not_exist_is_refused_by_name)
{
    static const char *const names[] = {"Mars/Olympus", "../../etc/passwd", "/etc/localtime"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct err err = {0};
        EXPECT(timezone_open(names[i], &err) == NULL);
        EXPECT_HAS(err.text, names[i]);
    }
}

TEST(an_invalid_rule_is_refused)
{
    static const char *const rules[] = {"",
                                        "CE-1",
                                        "CET",
                                        "CET-1CEST",
                                        "CET-1CEST,M13.1.0,M1.1.0",
                                        "CET-1CEST,M3.5.0",
                                        "CET-1CEST,M3.5.0,M10.5.0/3x"};
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        EXPECT(timezone_from_rule(rules[i]) == NULL);
}

/* A version 2 TZif file: +0 until 1000, +3600 until 2000, then by the rule in its footer. */
static struct bytes tzif(char *file, const char *footer)
{
    static const char head[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    static const char none[] = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1";
    static const char first[] = "\0\0\0\0\0\0\0";
    static const char counts[] = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\2\0\0\0\4";
    static const char data[] = "\0\0\0\0\0\0\3\350"
                               "\0\0\0\0\0\0\7\320"
                               "\1\0"
                               "\0\0\0\0\0\0"
                               "\0\0\016\020\1\0"
                               "UTC";
    struct {
        const char *from;
        size_t len;
    } parts[] = {{head, 20}, {none, 24}, {first, 7}, {head, 20}, {counts, 24}, {data, 34}};
    size_t len = 0;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        memcpy(file + len, parts[i].from, parts[i].len);
        len += parts[i].len;
    }
    memcpy(file + len, footer, strlen(footer));
    return (struct bytes){file, len + strlen(footer)};
}

TEST(a_zone_file_gives_what_its_table_says_and_then_what_its_rule_says)
{
    char file[256];
    OWN(time_zone) struct time_zone *zone = timezone_from_bytes(tzif(file, "\nABC-5\n"));
    EXPECT(zone != NULL);
    EXPECT_INT(timezone_offset(zone, -5), 0);
    EXPECT_INT(timezone_offset(zone, 999), 0);
    EXPECT_INT(timezone_offset(zone, 1000), 3600);
    EXPECT_INT(timezone_offset(zone, 1999), 3600);
    EXPECT_INT(timezone_offset(zone, 2000), 5 * 3600);
}

TEST(a_zone_file_that_is_cut_anywhere_is_refused)
{
    char file[256];
    struct bytes whole = tzif(file, "\nABC-5\n");
    for (size_t len = 0; len < whole.len; len++) {
        OWN(free) char *cut = len ? str_copy_bytes((struct bytes){file, len}) : NULL;
        EXPECT(timezone_from_bytes((struct bytes){cut, len}) == NULL);
    }
}
