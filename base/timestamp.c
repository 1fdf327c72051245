/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, RFC 3339 timestamps and HTTP dates. */
#include "base/timestamp.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t clock_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

int64_t timestamp_now_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

int64_t timestamp_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

void timestamp_format(int64_t time_ns, char text[TIMESTAMP_SIZE])
{
    int64_t fraction = time_ns % NS_PER_SEC;
    if (fraction < 0)
        fraction += NS_PER_SEC;
    time_t seconds = (time_ns - fraction) / NS_PER_SEC;

    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t len = strftime(text, TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    if (fraction) {
        len += (size_t)snprintf(text + len, TIMESTAMP_SIZE - len, ".%09lld", (long long)fraction);
        while (text[len - 1] == '0')
            len--;
    }
    memcpy(text + len, "Z", sizeof("Z"));
}

/* Reads exactly `count` digits. */
static bool digits(const char **at, int count, int low, int high, int *value)
{
    int sum = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        sum = sum * 10 + (**at - '0');
    }
    *value = sum;
    return sum >= low && sum <= high;
}

static bool literal(const char **at, char upper)
{
    bool same = **at == upper || (upper >= 'A' && **at == upper - 'A' + 'a');
    *at += same;
    return same;
}

static bool parse_fraction(const char **at, int *nanoseconds)
{
    *nanoseconds = 0;
    if (**at != '.')
        return true;
    const char *first = ++*at;
    int unit = NS_PER_SEC / 10;
    for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
        *nanoseconds += unit * (**at - '0');
    return *at > first;
}

static bool parse_offset(const char **at, int *seconds)
{
    *seconds = 0;
    if (literal(at, 'Z'))
        return true;
    int sign = **at == '+' ? 1 : **at == '-' ? -1 : 0;
    if (!sign)
        return false;
    ++*at;
    int hours, minutes;
    if (!digits(at, 2, 0, 23, &hours) || !literal(at, ':') || !digits(at, 2, 0, 59, &minutes))
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

static int days_in(int month, int year)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool timestamp_parse(const char *text, int64_t *time_ns)
{
    const char *at = text;
    struct tm utc = {0};
    int nanoseconds, offset;
    bool ok = digits(&at, 4, 1678, 2261, &utc.tm_year) && literal(&at, '-') &&
              digits(&at, 2, 1, 12, &utc.tm_mon) && literal(&at, '-') &&
              digits(&at, 2, 1, days_in(utc.tm_mon, utc.tm_year), &utc.tm_mday) &&
              literal(&at, 'T') && digits(&at, 2, 0, 23, &utc.tm_hour) && literal(&at, ':') &&
              digits(&at, 2, 0, 59, &utc.tm_min) && literal(&at, ':') &&
              digits(&at, 2, 0, 60, &utc.tm_sec) && parse_fraction(&at, &nanoseconds) &&
              parse_offset(&at, &offset) && *at == '\0';
    if (!ok)
        return false;
    if (utc.tm_sec == 60) {
        utc.tm_sec = 59;
        nanoseconds = NS_PER_SEC - 1;
    }
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    if (time_ns)
        *time_ns = ((int64_t)timegm(&utc) - offset) * NS_PER_SEC + nanoseconds;
    return true;
}

bool timestamp_parse_http(const char *text, int64_t *time_ns)
{
    struct tm utc = {0};
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    if (!end || *end || utc.tm_year < 1678 - 1900 || utc.tm_year > 2261 - 1900)
        return false;
    *time_ns = (int64_t)timegm(&utc) * NS_PER_SEC;
    return true;
}
