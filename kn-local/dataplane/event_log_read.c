/* SPDX-License-Identifier: Apache-2.0 */
/* Reads from disk for the readers that do not keep up. */
#include "kn-local/dataplane/event_log_private.h"

#include "base/log.h"
#include "base/str.h"

#include <utlist.h>

enum {
    MAX_READS = 64,           /* events, for one reader at once */
    MAX_READ_BYTES = 1 << 20, /* likewise */
};

/* Events that were read for one reader. */
struct reading {
    struct event_log_reader *reader;
    size_t count, bytes, max_bytes;
    struct {
        struct event_message *event; /* held */
        uint64_t number;
    } list[MAX_READS];
};

static bool read_one(uint64_t number, struct bytes headers, struct bytes body, void *context)
{
    struct reading *reading = context;
    struct event_log *log = reading->reader->log;
    pthread_mutex_lock(&log->lock);
    bool done = number_set_has(&reading->reader->done, number);
    pthread_mutex_unlock(&log->lock);
    if (done)
        return true;
    struct event_message *event = event_message_from_store(headers, body);
    if (!event) {
        log_error("event %llu of log %lld in the event store cannot be read and is passed over",
                  (unsigned long long)number, (long long)log->row.id);
        return true;
    }
    reading->bytes += event->size;
    reading->list[reading->count].event = event;
    reading->list[reading->count++].number = number;
    return reading->count < MAX_READS && reading->bytes < reading->max_bytes;
}

/* Hands out what was read, as long as there is room. */
static void hand_out_read(struct event_log_writer *writer, struct reading *reading, uint64_t end)
{
    struct event_log_reader *reader = reading->reader;
    struct event_log *log = reader->log;
    bool stopped = false, flush = false;
    bool all = reading->count < MAX_READS && reading->bytes < reading->max_bytes;
    for (size_t i = 0; i < reading->count; i++) {
        uint64_t number = reading->list[i].number;
        pthread_mutex_lock(&writer->lock);
        bool delivering = writer->delivering;
        pthread_mutex_unlock(&writer->lock);
        pthread_mutex_lock(&log->lock);
        stopped =
            stopped || !delivering || number < reader->next || !event_log_reader_has_room(reader);
        if (!stopped) {
            event_log_reader_take(reader, number, reading->list[i].event->size);
            reader->consumer->hold(reader->context);
        }
        pthread_mutex_unlock(&log->lock);
        if (!stopped) {
            reader->consumer->deliver(reader->context, reading->list[i].event, number);
            reader->consumer->release(reader->context);
        }
        event_message_release(reading->list[i].event);
    }
    pthread_mutex_lock(&log->lock);
    if (all && !stopped && reader->next < end) { /* there was nothing more up to there */
        number_set_add(&reader->done, reader->next, end);
        reader->next = end;
        flush = !log->dirty;
        reader->dirty = log->dirty = true;
    }
    bool wake = !reader->ended && reader->next < log->end && event_log_reader_has_room(reader) &&
                !reader->wants_read && event_log_reader_want(reader);
    pthread_mutex_unlock(&log->lock);
    if (wake || flush)
        event_log_writer_wake(writer, wake, flush);
}

static void read_for(struct event_log_writer *writer, struct event_log_reader *reader)
{
    struct event_log *log = reader->log;
    struct err err = {0};
    struct reading reading = {.reader = reader, .max_bytes = MAX_READ_BYTES};
    pthread_mutex_lock(&log->lock);
    uint64_t from = reader->next, end = log->end;
    bool room = event_log_reader_has_room(reader);
    pthread_mutex_unlock(&log->lock);
    if (!room || from >= end)
        return;
    pthread_mutex_lock(&writer->store_lock);
    bool ok = !log->removed &&
              event_log_store_read(writer->store, log->row.id, from, read_one, &reading, &err);
    pthread_mutex_unlock(&writer->store_lock);
    if (!ok && err.status) {
        log_error("the events of a channel cannot be read: %s", err.text);
        pthread_mutex_lock(&log->lock);
        event_log_reader_want(reader); /* with the next flush */
        pthread_mutex_unlock(&log->lock);
        event_log_writer_wake(writer, false, true);
    }
    if (!ok) {
        for (size_t i = 0; i < reading.count; i++)
            event_message_release(reading.list[i].event);
        return;
    }
    hand_out_read(writer, &reading, end);
}

/* A reader of a log that wants to be read for, held with its consumer; NULL = none. */
static struct event_log_reader *next_wanting(struct event_log *log)
{
    struct event_log_reader *reader;
    pthread_mutex_lock(&log->lock);
    DL_FOREACH2(log->readers, reader, next_reader)
    {
        if (reader->wants_read && !reader->ended)
            break;
    }
    if (reader) {
        reader->wants_read = false;
        atomic_fetch_add(&reader->refs, 1);
        reader->consumer->hold(reader->context);
    }
    pthread_mutex_unlock(&log->lock);
    return reader;
}

static struct event_log *next_log_to_read(struct event_log_writer *writer)
{
    struct event_log *log;
    pthread_mutex_lock(&writer->lock);
    DL_FOREACH(writer->logs, log)
    {
        pthread_mutex_lock(&log->lock);
        bool wants = log->wants_read;
        log->wants_read = false;
        pthread_mutex_unlock(&log->lock);
        if (wants)
            break;
    }
    if (log)
        event_log_hold(log);
    else
        writer->wants_read = false;
    pthread_mutex_unlock(&writer->lock);
    return log;
}

void event_log_read_all(struct event_log_writer *writer)
{
    struct event_log *log;
    for (int i = 0; i < MAX_READS && (log = next_log_to_read(writer)); i++) {
        struct event_log_reader *list[MAX_READS], *reader;
        size_t count = 0;
        while (count < MAX_READS && (reader = next_wanting(log)))
            list[count++] = reader;
        if (count == MAX_READS) { /* there may be more of them */
            pthread_mutex_lock(&log->lock);
            log->wants_read = true;
            pthread_mutex_unlock(&log->lock);
        }
        for (size_t j = 0; j < count; j++) {
            void *context = list[j]->context;
            read_for(writer, list[j]);
            list[j]->consumer->release(context);
            event_log_reader_release(list[j]);
        }
        event_log_release(log);
    }
}
