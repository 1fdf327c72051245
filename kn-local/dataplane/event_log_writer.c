/* SPDX-License-Identifier: Apache-2.0 */
/* The writer of the event logs: what its thread does, step by step. */
#include "kn-local/dataplane/event_log_private.h"

#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/timestamp.h"

#include <string.h>
#include <utlist.h>

enum {
    MAX_APPENDS = 1000,       /* in a commit */
    RESERVED_BYTES = 8 << 20, /* of the disk, for positions and trims */
    JOURNAL_BYTES = 2 << 20,  /* of them, when only the journal grows */
    APPEND_OVERHEAD = 64,     /* bytes that a record takes besides the event */
};

static const int64_t DEFAULT_MAX_BYTES = INT64_C(1) << 30;

/* Positions of readers are written so often; what is lost by a kill is delivered again. */
static const int64_t FLUSH_NS = INT64_C(50) * NS_PER_MS;

void event_log_writer_wake(struct event_log_writer *writer, bool read, bool flush)
{
    pthread_mutex_lock(&writer->lock);
    bool wake = read && !writer->wants_read;
    writer->wants_read |= read;
    if (flush && !writer->flush_at_ns) {
        writer->flush_at_ns = writer->io->monotonic_ns(writer->io->app) + FLUSH_NS;
        wake = true;
    }
    if (wake)
        pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
}

/* What has failed for good or for now: the receipt gets it instead of 202. */
static void refuse(struct append *append, int status, const char *reason)
{
    append->receipt->refused = true;
    append->status = status;
    append->reason = reason;
}

static bool write_append(struct event_log_writer *writer, struct append *append, struct err *err)
{
    struct event_log *log = append->log;
    OWN(buf) struct buf headers = {0};
    if (log->removed) {
        refuse(append, ERR_UNAVAILABLE, "the channel was removed");
        return true;
    }
    event_message_pack_headers(append->event, &headers);
    int64_t size = (int64_t)(headers.len + append->event->body.len);
    if (log->row.bytes + size > writer->options.max_bytes) {
        refuse(append, 507, "the channel is full: its subscribers have not taken what it holds");
        return true;
    }
    if (!event_log_store_append(writer->store, log->row.id, log->row.next, buf_bytes(&headers),
                                buf_bytes(&append->event->body), err))
        return false;
    append->number = log->row.next++;
    log->row.bytes += size;
    log->touched = true;
    return true;
}

static bool save_touched(struct event_log_writer *writer, struct append *appends, struct err *err)
{
    struct append *append;
    LL_FOREACH(appends, append)
    {
        struct event_log *log = append->log;
        if (log->touched && !event_log_store_save_log(writer->store, &log->row, err))
            return false;
        log->touched = false;
    }
    return true;
}

static bool write_appends(struct event_log_writer *writer, void *context, struct err *err)
{
    struct append *appends = context, *append;
    LL_FOREACH(appends, append)
    {
        if (!write_append(writer, append, err))
            return false;
    }
    return save_touched(writer, appends, err);
}

/* Gives numbers and bytes back that were not used after all. */
static void take_back(struct append *appends)
{
    struct append *append;
    LL_FOREACH(appends, append)
    {
        struct event_log *log = append->log;
        if (!append->number)
            continue;
        if (append->number < log->row.next)
            log->row.next = append->number;
        OWN(buf) struct buf headers = {0};
        event_message_pack_headers(append->event, &headers);
        log->row.bytes -= (int64_t)(headers.len + append->event->body.len);
        log->touched = false;
        append->number = 0;
    }
}

/* Whether the appends leave room on the disk for what makes room again: positions and trims. What
 * fits into pages that trims have freed takes room in the journal only: else a small disk that the
 * log has filled would take nothing after all was delivered, since the file never shrinks. */
static bool has_disk(struct event_log_writer *writer, const struct append *appends)
{
    const struct append *append;
    uint64_t size = 0;
    LL_FOREACH(appends, append)
    {
        size += append->event->size + APPEND_OVERHEAD;
    }
    uint64_t free_bytes = writer->io->disk_free(writer->io->app);
    return free_bytes >= RESERVED_BYTES + size ||
           (free_bytes >= JOURNAL_BYTES + size &&
            event_log_store_free_bytes(writer->store) >= size);
}

/* Under store_lock. */
static void write_batch(struct event_log_writer *writer, struct append *appends)
{
    struct err err = {0};
    struct append *append;
    const char *reason = "the event could not be stored";
    if (!has_disk(writer, appends)) {
        reason = "the disk is full: less than 8 MiB are free";
    } else if (event_log_transact(writer, write_appends, appends, &err)) {
        return;
    } else {
        take_back(appends);
        log_warning("events could not be stored: %s", err.text);
    }
    LL_FOREACH(appends, append)
    {
        refuse(append, ERR_UNAVAILABLE, reason);
    }
}

/* The consumers that keep up, held. */
static size_t take_consumers(struct event_log *log, const struct append *append, bool delivering,
                             struct event_log_reader ***list, size_t *size, bool *read, bool *flush)
{
    size_t count = 0;
    struct event_log_reader *reader;
    pthread_mutex_lock(&log->lock);
    log->end = append->number + 1;
    if (log->reader_count > *size) {
        *size = log->reader_count;
        *list = alloc_resize(*list, *size * sizeof(struct event_log_reader *));
    }
    if (!log->readers) /* nobody wants it: to be trimmed */
        *flush = log->dirty = true;
    DL_FOREACH2(log->readers, reader, next_reader)
    {
        if (!delivering || !event_log_reader_has_room(reader))
            continue;
        if (reader->next == append->number) {
            event_log_reader_take(reader, append->number, append->event->size);
            reader->consumer->hold(reader->context);
            (*list)[count++] = reader;
        } else if (reader->next < append->number && !reader->wants_read) {
            *read |= event_log_reader_want(reader); /* it does not keep up */
        }
    }
    pthread_mutex_unlock(&log->lock);
    return count;
}

static void hand_out(struct event_log_writer *writer, struct append *appends)
{
    OWN(free) struct event_log_reader **list = NULL;
    size_t size = 0;
    struct append *append;
    pthread_mutex_lock(&writer->lock);
    bool delivering = writer->delivering;
    pthread_mutex_unlock(&writer->lock);
    bool read = false, flush = false;
    LL_FOREACH(appends, append)
    {
        if (!append->number)
            continue;
        size_t count = take_consumers(append->log, append, delivering, &list, &size, &read, &flush);
        for (size_t i = 0; i < count; i++) {
            const struct event_log_consumer *consumer = list[i]->consumer;
            void *context = list[i]->context;
            consumer->deliver(context, append->event, append->number);
            consumer->release(context);
        }
    }
    if (read || flush)
        event_log_writer_wake(writer, read, flush);
}

/* With no lock held. */
static void answer_appends(struct append *appends)
{
    struct append *append;
    LL_FOREACH(appends, append)
    {
        receipt_settle(append->receipt, append->number ? 202 : append->status, append->reason);
    }
}

static void free_appends(struct append *appends)
{
    struct append *append, *next;
    LL_FOREACH_SAFE(appends, append, next)
    {
        event_message_release(append->event);
        event_log_release(append->log);
        free(append);
    }
}

static struct append *take_appends(struct event_log_writer *writer)
{
    struct append *taken = writer->appends, *last = taken;
    for (int i = 1; last && last->next && i < MAX_APPENDS; i++)
        last = last->next;
    writer->appends = last ? last->next : NULL;
    if (!writer->appends)
        writer->appends_end = &writer->appends;
    if (last)
        last->next = NULL;
    return taken;
}

int64_t event_log_writer_step(struct event_log_writer *writer)
{
    struct err err = {0};
    int64_t now_ns = writer->io->monotonic_ns(writer->io->app);
    pthread_mutex_lock(&writer->lock);
    struct append *appends = take_appends(writer);
    bool flush = writer->flush_at_ns && writer->flush_at_ns <= now_ns;
    writer->wants_read |= flush; /* what could not be read before */
    bool read = writer->wants_read && writer->delivering;
    pthread_mutex_unlock(&writer->lock);

    if (appends || flush) {
        pthread_mutex_lock(&writer->store_lock);
        if (appends)
            write_batch(writer, appends);
        if (flush && !event_log_flush(writer, &err))
            log_warning("what was delivered could not be noted: %s", err.text);
        pthread_mutex_unlock(&writer->store_lock);
        answer_appends(appends);
        hand_out(writer, appends);
        free_appends(appends);
    }
    if (read)
        event_log_read_all(writer);

    pthread_mutex_lock(&writer->lock);
    bool more = writer->appends || (writer->wants_read && writer->delivering);
    int64_t next_ns = more ? 0 : writer->flush_at_ns ? writer->flush_at_ns : INT64_MAX;
    pthread_mutex_unlock(&writer->lock);
    return next_ns;
}

static void *run(void *context)
{
    struct event_log_writer *writer = context;
    for (bool stopping = false; !stopping;) {
        event_log_writer_step(writer);
        pthread_mutex_lock(&writer->lock);
        while (!writer->appends && !(writer->wants_read && writer->delivering) &&
               !writer->stopping) {
            int64_t until_ns = writer->flush_at_ns ? writer->flush_at_ns : INT64_MAX;
            if (!thread_cond_wait_until(&writer->work, &writer->lock, until_ns))
                break;
        }
        stopping = writer->stopping && !writer->appends;
        pthread_mutex_unlock(&writer->lock);
    }
    return NULL;
}

struct event_log_writer *event_log_writer_open(const struct event_log_options *options,
                                               struct err *err)
{
    struct event_log_store_options file = {options->path, options->vfs, options->sync};
    struct event_log_store *store = event_log_store_open(&file, err);
    if (!store)
        return NULL;
    struct event_log_writer *writer = alloc_zeroed(sizeof(*writer));
    writer->options = *options;
    writer->options.path = NULL;
    if (!writer->options.max_bytes)
        writer->options.max_bytes = DEFAULT_MAX_BYTES;
    writer->io = options->io;
    writer->store = store;
    writer->appends_end = &writer->appends;
    writer->sweeps = true; /* what was removed just before the last end */
    thread_cond_init(&writer->work);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_mutex_init(&writer->store_lock, NULL);
    writer->has_thread =
        !options->no_thread && thread_start(&writer->thread, "event logs", run, writer, err);
    if (writer->has_thread || options->no_thread)
        return writer;
    event_log_writer_close(writer);
    return NULL;
}

void event_log_writer_pause(struct event_log_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->delivering = false;
    pthread_mutex_unlock(&writer->lock);
}

void event_log_writer_stop(struct event_log_writer *writer)
{
    struct err err = {0};
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    writer->delivering = false;
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
    if (writer->has_thread)
        pthread_join(writer->thread, NULL);
    writer->has_thread = false;
    while (writer->appends)
        event_log_writer_step(writer);
    pthread_mutex_lock(&writer->store_lock);
    if (!event_log_flush(writer, &err))
        log_warning("what was delivered could not be noted, and comes again: %s", err.text);
    pthread_mutex_unlock(&writer->store_lock);
}

void event_log_writer_close(struct event_log_writer *writer)
{
    if (!writer)
        return;
    event_log_writer_stop(writer);
    event_log_store_close(writer->store);
    struct removal *removal, *next;
    LL_FOREACH_SAFE(writer->removals, removal, next)
    {
        free(removal);
    }
    pthread_cond_destroy(&writer->work);
    pthread_mutex_destroy(&writer->lock);
    pthread_mutex_destroy(&writer->store_lock);
    free(writer);
}
