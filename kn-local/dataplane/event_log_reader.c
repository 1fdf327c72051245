/* SPDX-License-Identifier: Apache-2.0 */
/* The readers of an event log: which events each has done, and how many it may take. */
#include "kn-local/dataplane/event_log_private.h"

#include "base/str.h"

#include <utlist.h>

enum {
    READ_AHEAD_BYTES = 4 << 20, /* of all readers of a log together */
    MIN_SHARE_BYTES = 32 << 10, /* but of one so much at least */
};

void event_log_reader_unlink(struct event_log *log, struct event_log_reader *reader)
{
    DL_DELETE2(log->readers, reader, prev, next_reader);
    log->reader_count--;
    reader->ended = true;
}

static size_t share(const struct event_log *log)
{
    size_t bytes = READ_AHEAD_BYTES / (log->reader_count ? log->reader_count : 1);
    return bytes > MIN_SHARE_BYTES ? bytes : MIN_SHARE_BYTES;
}

bool event_log_reader_has_room(const struct event_log_reader *reader)
{
    return !reader->ended && reader->out < reader->max_events &&
           reader->out_bytes < share(reader->log);
}

void event_log_reader_take(struct event_log_reader *reader, uint64_t number, size_t size)
{
    /* the log no longer has those between */
    if (number > reader->next)
        number_set_add(&reader->done, reader->next, number);
    reader->next = number + 1;
    reader->out++;
    reader->out_bytes += size;
}

bool event_log_reader_want(struct event_log_reader *reader)
{
    struct event_log *log = reader->log;
    reader->wants_read = true;
    bool wake = !log->wants_read;
    log->wants_read = true;
    return wake;
}

/* Whether it makes sense to read on now: not for each event alone. Under the log's lock. */
static bool wants_more(const struct event_log_reader *reader)
{
    return !reader->ended && !reader->wants_read && reader->next < reader->log->end &&
           reader->out <= reader->max_events / 2 && reader->out_bytes <= share(reader->log) / 2;
}

void event_log_settle(struct event_log_reader *reader, uint64_t number, size_t size, bool done)
{
    struct event_log *log = reader->log;
    bool flush = false;
    pthread_mutex_lock(&log->lock);
    reader->out--;
    reader->out_bytes -= size;
    if (done) {
        number_set_add(&reader->done, number, number + 1);
        reader->dirty = true;
        flush = !log->dirty;
        log->dirty = true;
    }
    bool read = wants_more(reader) && event_log_reader_want(reader);
    pthread_mutex_unlock(&log->lock);
    if (read || flush)
        event_log_writer_wake(log->writer, read, flush);
}

void event_log_reader_release(struct event_log_reader *reader)
{
    if (atomic_fetch_sub(&reader->refs, 1) > 1)
        return;
    event_log_release(reader->log);
    number_set_done(&reader->done);
    free(reader);
}

struct opening_reader {
    struct event_log_reader *reader;
    const char *name;
    bool is_new;
};

static bool open_reader(struct event_log_writer *writer, void *context, struct err *err)
{
    struct opening_reader *opening = context;
    struct event_log_reader *reader = opening->reader;
    return event_log_store_open_reader(writer->store, reader->log->row.id, opening->name,
                                       &reader->id, &reader->done, &opening->is_new, err);
}

bool event_log_subscribe(struct event_log *log, const char *name, unsigned max_events,
                         const struct event_log_consumer *consumer, void *context,
                         struct event_log_reader **reader_out, struct err *err)
{
    struct event_log_writer *writer = log->writer;
    struct event_log_reader *reader = alloc_zeroed(sizeof(*reader));
    *reader = (struct event_log_reader){
        .log = event_log_hold(log), .consumer = consumer, .context = context};
    atomic_init(&reader->refs, 1);
    reader->max_events = max_events;
    struct opening_reader opening = {.reader = reader, .name = name};
    bool wake = false;
    pthread_mutex_lock(&writer->store_lock);
    number_set_add(&reader->done, 0, log->row.next);
    bool ok = event_log_remove_pending(writer, err) &&
              event_log_transact(writer, open_reader, &opening, err);
    if (ok) { /* still under the store's lock, so that no event passes between */
        reader->next = reader->done.low;
        *reader_out = reader;
        pthread_mutex_lock(&log->lock);
        atomic_fetch_add(&reader->refs, 1); /* the log's */
        DL_APPEND2(log->readers, reader, prev, next_reader);
        log->reader_count++;
        log->absent -= !opening.is_new;
        wake = reader->next < log->end && event_log_reader_want(reader);
        pthread_mutex_unlock(&log->lock);
    }
    pthread_mutex_unlock(&writer->store_lock);
    if (!ok)
        event_log_reader_release(reader);
    else if (wake)
        event_log_writer_wake(writer, true, false);
    return ok;
}

void event_log_unsubscribe(struct event_log_reader *reader, bool forget)
{
    struct event_log *log = reader->log;
    pthread_mutex_lock(&log->lock);
    bool was_ended = reader->ended;
    reader->ended = true;
    if (forget && !was_ended) {
        event_log_reader_unlink(log, reader);
        log->dirty = true;
    }
    pthread_mutex_unlock(&log->lock);
    if (!forget || was_ended)
        return;
    event_log_remove_later(log->writer, reader->id, true);
    event_log_reader_release(reader); /* the log's */
}
