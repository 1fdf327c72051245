/* SPDX-License-Identifier: Apache-2.0 */
/* The file of the event logs: events, and how far the readers of each log are, in SQLite. Each
 * record has a checksum. Calls are not safe from several threads at once. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_LOG_STORE_H
#define KN_LOCAL_DATAPLANE_EVENT_LOG_STORE_H

#include "base/buf.h"
#include "base/err.h"
#include "kn-local/dataplane/number_set.h"

#include <stdbool.h>
#include <stdint.h>

struct event_log_store;

struct event_log_store_options {
    const char *path;
    const char *vfs; /* SQLite's name of what owns the file; NULL = the operating system's */
    bool sync;       /* a commit survives a loss of power; else only the end of the process */
};

/* Opens or creates the file; one of version 1 is brought to today's. One that was not closed
 * properly is checked, and when it is damaged, what can be read of it is moved to a new file. NULL
 * and err: it cannot be read, or is of a later version. */
struct event_log_store *event_log_store_open(const struct event_log_store_options *options,
                                             struct err *err);

/* Remembers that the file was closed properly. */
void event_log_store_close(struct event_log_store *store);

static inline void own_event_log_store(struct event_log_store **local)
{
    event_log_store_close(*local);
}

/* Everything from begin to commit happens, or nothing. After a failure only rollback is left. */
bool event_log_store_begin(struct event_log_store *store, struct err *err);
bool event_log_store_commit(struct event_log_store *store, struct err *err);
void event_log_store_rollback(struct event_log_store *store);

/* Bytes of the file that are free for new records. */
uint64_t event_log_store_free_bytes(struct event_log_store *store);

struct event_log_row {
    int64_t id;
    uint64_t next;   /* number of the next event; ascending from 1, never given twice */
    int64_t bytes;   /* of the events that are kept */
    int64_t readers; /* that the log had when it was opened */
};

/* The row of a log; created when it is new. */
bool event_log_store_open_log(struct event_log_store *store, const char *name,
                              struct event_log_row *row, struct err *err);

/* Writes row->next and row->bytes. */
bool event_log_store_save_log(struct event_log_store *store, const struct event_log_row *row,
                              struct err *err);

/* Takes a log's name and readers away; its events are deleted by event_log_store_delete_removed. */
bool event_log_store_remove_log(struct event_log_store *store, int64_t log, struct err *err);

/* Deletes at most `max` events of removed logs; *left says whether there are more. */
bool event_log_store_delete_removed(struct event_log_store *store, unsigned max, bool *left,
                                    struct err *err);

bool event_log_store_append(struct event_log_store *store, int64_t log, uint64_t number,
                            struct bytes headers, struct bytes body, struct err *err);

/* What is called for each event that is read; false ends reading. */
typedef bool event_log_store_each(uint64_t number, struct bytes headers, struct bytes body,
                                  void *context);

/* Reads the events of a log from a number on. Damaged ones are set aside, reported in the program's
 * log, and passed over. */
bool event_log_store_read(struct event_log_store *store, int64_t log, uint64_t from,
                          event_log_store_each *each, void *context, struct err *err);

/* Deletes at most `max` events from a number on, below another; *left says whether there are more.
 * *bytes is lowered by their size. */
bool event_log_store_delete(struct event_log_store *store, int64_t log, uint64_t from,
                            uint64_t below, unsigned max, int64_t *bytes, bool *left,
                            struct err *err);

/* How far a reader is: *done is filled from its row, or, of a new reader, written there. A damaged
 * row is reported, and the reader begins with the first event that is kept. */
bool event_log_store_open_reader(struct event_log_store *store, int64_t log, const char *name,
                                 int64_t *id, struct number_set *done, bool *is_new,
                                 struct err *err);

/* Writes what a reader has done; nothing happens when it was removed. */
bool event_log_store_save_reader(struct event_log_store *store, int64_t id,
                                 const struct number_set *done, struct err *err);
bool event_log_store_remove_reader(struct event_log_store *store, int64_t id, struct err *err);

/* A log, or a reader of it. */
struct event_log_item {
    int64_t log, reader; /* ids; reader 0 = the log itself */
    const char *log_name, *reader_name;
};

/* Calls each for all logs and readers. The strings are borrowed for the call, which must not use
 * the store. */
bool event_log_store_list(struct event_log_store *store,
                          void (*each)(const struct event_log_item *item, void *context),
                          void *context, struct err *err);

#endif
