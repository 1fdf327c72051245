/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one record per line, as text or as JSON for Cloud Logging. Only programs log;
 * libraries return an err. Safe from several threads; a record is written whole. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Reads LOG_FORMAT (text or json) and LOG_LEVEL (debug, info, warning, error; default info).
 * Call once, before threads start; without it the log is text from info on. */
bool log_from_env(struct err *err);

/* Writes a record to standard output (warnings and errors: to standard error). In text format the
 * level comes first, except for info. */
void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...)   log_at(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)    log_at(LOG_INFO, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_error(...)   log_at(LOG_ERROR, __VA_ARGS__)

/* Sets the trace of this thread's next records: the value of a W3C traceparent header, or NULL.
 * Written in JSON as logging.googleapis.com/trace (projects/P/traces/ID when GOOGLE_CLOUD_PROJECT
 * is set). The string is borrowed until the next call. */
void log_set_trace(const char *traceparent);

#endif
