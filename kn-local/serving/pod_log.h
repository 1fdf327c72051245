/* The log of a pod: what each run of its program has written, line by line with the time, in files
 * of bounded size. The last two runs are kept. Safe from several threads. */
#ifndef KN_LOCAL_SERVING_POD_LOG_H
#define KN_LOCAL_SERVING_POD_LOG_H

#include "kn-local/serving/types.h"

struct podlog;

/* dir is made when missing. */
struct podlog *podlog_open(const char *dir, struct err *err);

/* Frees; the files stay. */
void podlog_close(struct podlog *podlog);

/* A new run of the program. */
void podlog_begin(struct podlog *podlog);

/* What the program wrote at that time; a line that is not whole waits for the rest. */
void podlog_write(struct podlog *podlog, struct bytes text, int64_t now_ns);

/* The run has ended: a line without an end is whole now. */
void podlog_end(struct podlog *podlog, int64_t now_ns);

/* As runtime_log_read. */
bool podlog_read(struct podlog *podlog, const struct runtime_log_request *request,
                 struct runtime_log *at, struct buf *out, bool *ended, struct err *err);

#endif
