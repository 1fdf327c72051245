/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of a service in Prometheus text format. Private to cloudevents/.
 * Names: OpenTelemetry's HTTP server metrics, which Knative uses since 1.19, and Prometheus's
 * process_… metrics. */
#ifndef CLOUDEVENTS_METRICS_H
#define CLOUDEVENTS_METRICS_H

#include "base/buf.h"

#include <stdatomic.h>
#include <stdint.h>

enum { METRICS_BUCKETS = 14, METRICS_STATUSES = 16 };

/* All zero is no request so far. Can be used from several threads. */
struct metrics {
    struct {
        atomic_int status;                                /* 0 = unused */
        atomic_uint_fast64_t bucket[METRICS_BUCKETS + 1]; /* the last one has no bound */
        atomic_uint_fast64_t sum_us;
    } by_status[METRICS_STATUSES];
};

/* Counts an answered request. */
void metrics_count(struct metrics *metrics, int status, int64_t duration_ns);

/* Appends all metrics. labels, e.g. `service_name="vision"`, are added to request metrics. */
void metrics_write(const struct metrics *metrics, const char *labels, struct buf *out);

#endif
