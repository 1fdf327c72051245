/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of event_log_store share. Private to them. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_LOG_STORE_PRIVATE_H
#define KN_LOCAL_DATAPLANE_EVENT_LOG_STORE_PRIVATE_H

#include "base/sqlite.h"
#include "kn-local/dataplane/event_log_store.h"

/* Opens the file, with its tables of today's version; a damaged one is rebuilt before. NULL and
 * err. */
struct sqlite *event_log_store_open_file(const struct event_log_store_options *options,
                                         const char *const *statements, int count, struct err *err);

#endif
