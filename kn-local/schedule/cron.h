/* SPDX-License-Identifier: Apache-2.0 */
/* Cron schedules as Knative's PingSource has them (robfig/cron v3): pure functions. */
#ifndef KN_LOCAL_SCHEDULE_CRON_H
#define KN_LOCAL_SCHEDULE_CRON_H

#include "base/err.h"
#include "kn-local/schedule/timezone.h"

#include <stdbool.h>
#include <stdint.h>

/* A parsed schedule: the matching values of each field, one bit each. */
struct cron {
    uint64_t seconds, minutes, hours, days, months, weekdays;
    bool any_day, any_weekday; /* when both are restricted, either may match */
};

/* Parses five fields (minute hour day month weekday), six with seconds first, or @hourly, @daily,
 * @midnight, @weekly, @monthly, @yearly, @annually. Names of months and weekdays in any letter
 * case; Sunday is 0. False and err (ERR_INPUT) otherwise; @every is not supported. */
bool cron_parse(const char *text, struct cron *cron, struct err *err);

/* The first match after `seconds` (since 1970, UTC) in the zone; -1 when none follows within five
 * years. A local time that is skipped when clocks go forward does not match; one that occurs twice
 * matches twice. */
int64_t cron_next(const struct cron *cron, const struct time_zone *zone, int64_t seconds);

#endif
