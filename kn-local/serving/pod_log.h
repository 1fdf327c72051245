/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a pod: the output of each run of its program, line by line with the time, in files of
 * bounded size. The last two runs are kept. Thread-safe. */
#ifndef KN_LOCAL_SERVING_POD_LOG_H
#define KN_LOCAL_SERVING_POD_LOG_H

#include "kn-local/serving/types.h"

struct pod_log;

/* Creates dir when it is missing. */
struct pod_log *pod_log_open(const char *dir, struct err *err);

/* Frees the log; keeps its files. */
void pod_log_close(struct pod_log *log);

/* Starts a new run. */
void pod_log_begin(struct pod_log *log);

/* Appends output. A line without a newline is held back until the rest arrives. */
void pod_log_write(struct pod_log *log, struct bytes text, int64_t now_ns);

/* Ends the run, and writes a last line that has no newline. */
void pod_log_end(struct pod_log *log, int64_t now_ns);

/* As runtime_log_read. */
bool pod_log_read(struct pod_log *log, const struct serving_log_request *request,
                  struct serving_log_position *position, struct buf *out, bool *ended,
                  struct err *err);

#endif
