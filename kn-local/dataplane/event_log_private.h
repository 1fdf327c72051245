/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of event_log share. Private to them. Locks are taken in the order store_lock, then
 * a log's lock or the writer's lock; none is held when a receipt or consumer is called. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_LOG_PRIVATE_H
#define KN_LOCAL_DATAPLANE_EVENT_LOG_PRIVATE_H

#include "kn-local/dataplane/event_log.h"
#include "kn-local/dataplane/event_log_store.h"

/* An event that waits to be written. */
struct append {
    struct event_message *event; /* held */
    struct receipt *receipt;
    struct event_log *log; /* held */
    uint64_t number;       /* 0 = not written */
    int status;            /* what the receipt gets */
    const char *reason;
    struct append *next;
};

/* What must go from the file. */
struct removal {
    int64_t id;
    bool is_reader;
    struct removal *next;
};

struct event_log_writer {
    struct event_log_options options; /* its path is not kept */
    struct dataplane_io *io;
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t store_lock; /* guards the store, and each log's row and removed */
    struct event_log_store *store;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;
    struct append *appends, **appends_end;
    struct removal *removals;
    struct event_log *logs; /* that are open */
    int64_t flush_at_ns;    /* 0 = nothing to flush */
    bool wants_read, sweeps, begun, delivering, stopping;
};

struct event_log {
    atomic_uint refs;
    struct event_log_writer *writer;
    struct event_log *prev, *next; /* under the writer's lock */

    struct event_log_row row;  /* under store_lock, as are these */
    struct number_set trimmed; /* numbers whose events were deleted */
    bool removed, touched;

    pthread_mutex_t lock; /* guards what follows, and the readers */
    uint64_t end;         /* after the last event that is safe */
    struct event_log_reader *readers;
    unsigned reader_count;
    int64_t absent;  /* readers in the file that may still come: nothing is trimmed before */
    bool dirty;      /* a reader is, or there may be something to trim */
    bool wants_read; /* a reader does */
};

/* A cursor: the set of done numbers, and what is handed out. */
struct event_log_reader {
    atomic_uint refs;
    struct event_log *log; /* held */
    int64_t id;
    const struct event_log_consumer *consumer;
    void *context;
    unsigned max_events;
    struct event_log_reader *prev, *next_reader; /* under the log's lock, as are these */
    struct number_set done;
    uint64_t next; /* to be handed out; all from here on have not been */
    unsigned out;  /* handed out and not settled */
    size_t out_bytes;
    bool dirty, wants_read, ended;
};

struct event_log *event_log_hold(struct event_log *log);

/* Whether the reader can be handed an event; under the log's lock. */
bool event_log_reader_has_room(const struct event_log_reader *reader);

/* Hands out an event, which must be the reader's next or after it; under the log's lock. */
void event_log_reader_take(struct event_log_reader *reader, uint64_t number, size_t size);

/* Notes that the reader wants to be read for; under the log's lock. True: wake the writer. */
bool event_log_reader_want(struct event_log_reader *reader);

/* Wakes the writer, to read or to flush soon. */
void event_log_writer_wake(struct event_log_writer *writer, bool read, bool flush);

/* Writes the readers of all logs that have moved and deletes what all of them have done; under
 * store_lock, within a transaction. On failure all is to be written again. */
bool event_log_flush(struct event_log_writer *writer, struct err *err);

/* Reads once for the readers that want it now, and hands out what was read; on the writer's thread.
 */
void event_log_read_all(struct event_log_writer *writer);

/* Removes what is to be removed later, now; under store_lock. A name that is removed must be gone
 * before it is opened again. */
bool event_log_remove_pending(struct event_log_writer *writer, struct err *err);

/* Runs one change within a transaction of its own; under store_lock. */
bool event_log_transact(struct event_log_writer *writer,
                        bool (*change)(struct event_log_writer *writer, void *context,
                                       struct err *err),
                        void *context, struct err *err);

/* Removes a log or reader from the file with the next flush. */
void event_log_remove_later(struct event_log_writer *writer, int64_t id, bool is_reader);

/* Takes a reader out of its log. With the log's lock held. */
void event_log_reader_unlink(struct event_log *log, struct event_log_reader *reader);

#endif
