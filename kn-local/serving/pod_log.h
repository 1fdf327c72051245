/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a pod: what each run of its program has written, line by line with the time, in files
 * of bounded size. The last two runs are kept. Safe from several threads. */
#ifndef KN_LOCAL_SERVING_POD_LOG_H
#define KN_LOCAL_SERVING_POD_LOG_H

#include "kn-local/serving/types.h"

struct pod_log;

/* dir is made when missing. */
struct pod_log *pod_log_open(const char *dir, struct err *err);

/* Frees; the files stay. */
void pod_log_close(struct pod_log *podlog);

/* A new run of the program. */
void pod_log_begin(struct pod_log *podlog);

/* What the program wrote at that time; a line that is not whole waits for the rest. */
void pod_log_write(struct pod_log *podlog, struct bytes text, int64_t now_ns);

/* The run has ended: a line without an end is whole now. */
void pod_log_end(struct pod_log *podlog, int64_t now_ns);

/* As runtime_log_read. */
bool pod_log_read(struct pod_log *podlog, const struct serving_log_request *request,
                  struct serving_log_position *at, struct buf *out, bool *ended, struct err *err);

#endif
