/* SPDX-License-Identifier: Apache-2.0 */
/* The events of channels that are kept on disk. One thread writes them in group commits, answers
 * those that sent them, and hands them to each reader: at once to those that keep up, from disk to
 * those that do not keep up. A log knows of each of its readers which events are done: one that
 * keeps failing holds back no other. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_LOG_H
#define KN_LOCAL_DATAPLANE_EVENT_LOG_H

#include "kn-local/dataplane/dataplane_io.h"

struct event_log_writer;
struct event_log;
struct event_log_reader;

struct event_log_options {
    const char *path;
    const char *vfs;   /* see event_log_store_options */
    bool sync;         /* likewise */
    int64_t max_bytes; /* of the events in one log; 0 = 1 GiB */
    bool no_thread;    /* the caller calls event_log_writer_step */
    struct dataplane_io *io;
};

struct event_log_writer *event_log_writer_open(const struct event_log_options *options,
                                               struct err *err);

/* Whether a log (reader NULL) or reader that is in the file and was not opened is to be kept. */
typedef bool event_log_keep(const char *log, const char *reader, void *context);

/* Begins to hand out events. With keep, all that there should be was opened, and what is in the
 * file besides is removed, with a line in the program's log, unless keep says otherwise. NULL:
 * nothing is removed. */
void event_log_writer_begin(struct event_log_writer *writer, event_log_keep *keep, void *context);

/* Hands out nothing more. */
void event_log_writer_pause(struct event_log_writer *writer);

/* Does what there is to do now: writes, answers, hands out. Returns when there will be more to do,
 * on io's monotonic clock; INT64_MAX: when there is a call of this header. */
int64_t event_log_writer_step(struct event_log_writer *writer);

/* Writes what is still to be written, and ends the thread. Nothing may be appended after it. */
void event_log_writer_stop(struct event_log_writer *writer);

/* Frees it, after all logs were closed. NULL is fine. */
void event_log_writer_close(struct event_log_writer *writer);

/* The log of a name, with what it held before; to be closed or removed, then released. NULL and
 * err. */
struct event_log *event_log_open(struct event_log_writer *writer, const char *name,
                                 struct err *err);

/* Ends its use: nothing is handed out any longer, and the log is kept. */
void event_log_close(struct event_log *log);

/* Ends its use and removes it with its events and readers; when the disk fails now, later. */
void event_log_remove(struct event_log *log);
void event_log_release(struct event_log *log);

/* Stores an event; ends one part of the receipt: 202 once it is safe, 503 when it cannot be
 * written, 507 when the log is full. */
void event_log_append(struct event_log *log, struct event_message *event, struct receipt *receipt);

/* What reads a log. deliver is called on the writer's thread, with no lock held. */
struct event_log_consumer {
    void (*hold)(void *context);
    void (*release)(void *context);
    void (*deliver)(void *context, struct event_message *event, uint64_t number);
};

/* Lets a consumer read: on from where one of that name was, or from the next event on. At most
 * max_events are handed out and not settled. *reader is set before the first event comes. */
bool event_log_subscribe(struct event_log *log, const char *name, unsigned max_events,
                         const struct event_log_consumer *consumer, void *context,
                         struct event_log_reader **reader, struct err *err);

/* Hands nothing more to it. With forget its position is removed, and what is settled late changes
 * nothing. */
void event_log_unsubscribe(struct event_log_reader *reader, bool forget);
void event_log_reader_release(struct event_log_reader *reader);

/* Ends an event that was handed out. Not done: it comes again after the next start. */
void event_log_settle(struct event_log_reader *reader, uint64_t number, size_t size, bool done);

#endif
