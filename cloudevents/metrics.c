/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of a service in Prometheus text format. */
#include "cloudevents/metrics.h"

#include "base/own.h"
#include "base/timestamp.h"

#include <sys/resource.h>

/* Upper bounds in seconds, as OpenTelemetry's semantic conventions advise. */
static const double bounds[METRICS_BUCKETS] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                               0.5,   0.75, 1,     2.5,  5,     7.5, 10};

void metrics_count(struct metrics *metrics, int status, int64_t duration_ns)
{
    size_t slot = 0;
    for (; slot < METRICS_STATUSES - 1; slot++) {
        int known = atomic_load(&metrics->by_status[slot].status);
        if (known == status ||
            (known == 0 &&
             (atomic_compare_exchange_strong(&metrics->by_status[slot].status, &known, status) ||
              known == status)))
            break;
    }
    size_t bucket = 0;
    while (bucket < METRICS_BUCKETS && (double)duration_ns > bounds[bucket] * NS_PER_SEC)
        bucket++;
    atomic_fetch_add(&metrics->by_status[slot].bucket[bucket], 1);
    atomic_fetch_add(&metrics->by_status[slot].sum_us, (uint64_t)duration_ns / 1000);
}

static void write_histogram(const struct metrics *metrics, size_t slot, const char *more,
                            struct buf *out)
{
    static const char name[] = "http_server_request_duration_seconds";
    int status = atomic_load(&metrics->by_status[slot].status);
    if (!status)
        return;
    OWN(buf) struct buf labels = {0};
    buf_add_format(&labels, "http_response_status_code=\"%d\",%s", status, more);

    uint64_t count = 0;
    for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
        count += atomic_load(&metrics->by_status[slot].bucket[i]);
        if (i < METRICS_BUCKETS)
            buf_add_format(out, "%s_bucket{%s,le=\"%g\"} %llu\n", name, labels.data, bounds[i],
                           (unsigned long long)count);
    }
    buf_add_format(out, "%s_bucket{%s,le=\"+Inf\"} %llu\n", name, labels.data,
                   (unsigned long long)count);
    buf_add_format(out, "%s_sum{%s} %.6f\n", name, labels.data,
                   (double)atomic_load(&metrics->by_status[slot].sum_us) / 1e6);
    buf_add_format(out, "%s_count{%s} %llu\n", name, labels.data, (unsigned long long)count);
}

static void write_process(struct buf *out)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    buf_add_format(out,
                   "# HELP process_cpu_seconds_total CPU time spent, user and system.\n"
                   "# TYPE process_cpu_seconds_total counter\n"
                   "process_cpu_seconds_total %.6f\n",
                   cpu);

    OWN(file) FILE *statm = fopen("/proc/self/statm", "re");
    unsigned long size, resident;
    if (statm && fscanf(statm, "%lu %lu", &size, &resident) == 2)
        buf_add_format(out,
                       "# HELP process_resident_memory_bytes Resident memory.\n"
                       "# TYPE process_resident_memory_bytes gauge\n"
                       "process_resident_memory_bytes %lu\n",
                       resident * (unsigned long)sysconf(_SC_PAGESIZE));
}

void metrics_write(const struct metrics *metrics, const char *labels, struct buf *out)
{
    buf_add_text(out, "# HELP http_server_request_duration_seconds Duration of event requests.\n"
                      "# TYPE http_server_request_duration_seconds histogram\n");
    for (size_t slot = 0; slot < METRICS_STATUSES; slot++)
        write_histogram(metrics, slot, labels, out);
    write_process(out);
}
