/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones by name, from the system's tz database: the offset from UTC at any moment. */
#ifndef KN_LOCAL_SCHEDULE_TIMEZONE_H
#define KN_LOCAL_SCHEDULE_TIMEZONE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

struct time_zone;

/* Opens e.g. "Europe/Berlin"; NULL or "Local" means the machine's zone (TZ, or /etc/localtime, or
 * UTC). NULL and err (ERR_INPUT) for an unknown zone. */
struct time_zone *timezone_open(const char *name, struct err *err);

/* Parses a TZif file (RFC 8536), or a POSIX rule such as "CET-1CEST,M3.5.0,M10.5.0/3". NULL when it
 * is not valid. */
struct time_zone *timezone_from_bytes(struct bytes file);
struct time_zone *timezone_from_rule(const char *rule);

void timezone_close(struct time_zone *zone);

static inline void own_time_zone(struct time_zone **local)
{
    timezone_close(*local);
}

/* Seconds to add to UTC for the local time at `seconds` since 1970, UTC. */
int32_t timezone_offset(const struct time_zone *zone, int64_t seconds);

#endif
