/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of event_log_store share. Private to them. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_LOG_STORE_PRIVATE_H
#define KN_LOCAL_DATAPLANE_EVENT_LOG_STORE_PRIVATE_H

#include "kn-local/dataplane/event_log_store.h"

#include <sqlite3.h>

enum { EVENT_LOG_STORE_VERSION = 2 };

/* Opens a file, sets it up and brings its tables to today's version. NULL and err. */
sqlite3 *event_log_store_open_file(const struct event_log_store_options *options, struct err *err);

/* Whether SQLite finds the file in order. */
bool event_log_store_is_intact(sqlite3 *db);

/* Moves a damaged file aside (PATH.damaged) and what can be read of it to a new one. */
bool event_log_store_repair(const struct event_log_store_options *options, struct err *err);

bool event_log_store_run(sqlite3 *db, const char *text, struct err *err);
bool event_log_store_number(sqlite3 *db, const char *query, int64_t *value);

/* False and err with SQLite's message. */
bool event_log_store_fail(sqlite3 *db, const char *action, struct err *err);

#endif
