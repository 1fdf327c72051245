/* SPDX-License-Identifier: Apache-2.0 */
/* The durable store of channels: SQLite behind one door. Commits survive the end of the process at
 * any moment (write-ahead log; a crash of the machine may cost the last ones). Calls are not safe
 * from several threads at once. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_LOG_STORE_H
#define KN_LOCAL_DATAPLANE_EVENT_LOG_STORE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct event_log_store;

/* Opens or makes the file. NULL and err, e.g. when it is no store, or of a later version. */
struct event_log_store *event_log_store_open(const char *path, struct err *err);
void event_log_store_close(struct event_log_store *store);

static inline void own_event_log_store(struct event_log_store **local)
{
    event_log_store_close(*local);
}

/* Everything from begin to commit happens, or nothing. After a failure only rollback is left. */
bool event_log_store_begin(struct event_log_store *store, struct err *err);
bool event_log_store_commit(struct event_log_store *store, struct err *err);
void event_log_store_rollback(struct event_log_store *store);

/* The id of a channel, made when it is new, and the number that its next event gets. */
bool event_log_store_channel(struct event_log_store *store, const char *key, int64_t *id,
                             uint64_t *next, struct err *err);

/* Forgets a channel, its events and readers. */
bool event_log_store_remove_channel(struct event_log_store *store, int64_t channel,
                                    struct err *err);

/* Events of a channel have ascending numbers without gaps, from 1. */
bool event_log_store_append(struct event_log_store *store, int64_t channel, uint64_t number,
                            struct bytes headers, struct bytes body, struct err *err);

/* Calls each for events from a number on, until it returns false or there are no more. */
bool event_log_store_read(struct event_log_store *store, int64_t channel, uint64_t from,
                          bool (*each)(uint64_t number, struct bytes headers, struct bytes body,
                                       void *to),
                          void *to, struct err *err);

/* Deletes at most `most` of the events below a number; *left says whether there are more. */
bool event_log_store_delete(struct event_log_store *store, int64_t channel, uint64_t below,
                            unsigned most, bool *left, struct err *err);

/* How far a reader has got: all below is done. A new reader starts at *position; of one that is
 * known, *position becomes what was kept. */
bool event_log_store_reader(struct event_log_store *store, int64_t channel, const char *reader,
                            uint64_t *position, struct err *err);
bool event_log_store_move_reader(struct event_log_store *store, int64_t channel, const char *reader,
                                 uint64_t position, struct err *err);
bool event_log_store_remove_reader(struct event_log_store *store, int64_t channel,
                                   const char *reader, struct err *err);

/* The lowest position of a channel's readers; next when it has none. */
bool event_log_store_lowest(struct event_log_store *store, int64_t channel, uint64_t next,
                            uint64_t *lowest, struct err *err);

#endif
