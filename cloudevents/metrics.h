/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of a service in Prometheus' text format. Private to cloudevents/.
 * Names: OpenTelemetry's HTTP server metrics, which Knative uses since 1.19, and Prometheus' own
 * process_… ones. */
#ifndef CLOUDEVENTS_METRICS_H
#define CLOUDEVENTS_METRICS_H

#include "base/buf.h"

#include <stdatomic.h>
#include <stdint.h>

enum { METRICS_BUCKETS = 14, METRICS_STATUSES = 16 };

/* All zero is no request yet. Safe from several threads. */
struct metrics {
    struct {
        atomic_int status;                                /* 0: not in use */
        atomic_uint_fast64_t bucket[METRICS_BUCKETS + 1]; /* the last: slower than all */
        atomic_uint_fast64_t sum_us;
    } by_status[METRICS_STATUSES];
};

/* Counts an answered request. */
void metrics_count(struct metrics *metrics, int status, int64_t duration_ns);

/* Appends everything as text. labels go to each request metric, e.g. `service_name="vision"`. */
void metrics_write(const struct metrics *metrics, const char *labels, struct buf *out);

#endif
