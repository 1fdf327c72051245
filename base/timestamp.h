/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, RFC 3339 timestamps and HTTP dates. Times are nanoseconds since 1970, UTC. */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

/* 64 bits wide, so that `20 * NS_PER_SEC` does not overflow. */
#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_SEC INT64_C(1000000000)

/* The longest result of timestamp_format, with its NUL. */
enum { TIMESTAMP_SIZE = 40 };

int64_t timestamp_now_ns(void);       /* the wall clock */
int64_t timestamp_monotonic_ns(void); /* for durations: never set back */

/* "2019-01-21T15:25:58.25Z": as many fraction digits as needed, none when zero. */
void timestamp_format(int64_t time_ns, char text[TIMESTAMP_SIZE]);

/* RFC 3339: any number of fraction digits (those after the ninth are dropped), lower-case t and z,
 * offsets, a leap second (read as the last nanosecond of its minute), years 1678 to 2261. False
 * when text is not valid. time_ns may be NULL. */
bool timestamp_parse(const char *text, int64_t *time_ns);

/* An HTTP date (RFC 9110 section 5.6.7), e.g. "Sun, 06 Nov 1994 08:49:37 GMT". */
bool timestamp_parse_http(const char *text, int64_t *time_ns);

#endif
