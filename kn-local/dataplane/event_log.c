/* SPDX-License-Identifier: Apache-2.0 */
/* Event logs: opened, appended to, closed, reconciled with what should exist. */
#include "kn-local/dataplane/event_log_private.h"

#include "base/log.h"
#include "base/str.h"

#include <utlist.h>

struct event_log *event_log_hold(struct event_log *log)
{
    atomic_fetch_add(&log->refs, 1);
    return log;
}

void event_log_release(struct event_log *log)
{
    if (atomic_fetch_sub(&log->refs, 1) > 1)
        return;
    number_set_done(&log->trimmed);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

void event_log_append(struct event_log *log, struct event_message *event, struct receipt *receipt)
{
    struct event_log_writer *writer = log->writer;
    struct append *append = alloc_zeroed(sizeof(*append));
    *append = (struct append){
        .event = event_message_hold(event), .receipt = receipt, .log = event_log_hold(log)};
    pthread_mutex_lock(&writer->lock);
    bool idle = !writer->appends;
    *writer->appends_end = append;
    writer->appends_end = &append->next;
    if (idle)
        pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
}

bool event_log_transact(struct event_log_writer *writer,
                        bool (*change)(struct event_log_writer *writer, void *context,
                                       struct err *err),
                        void *context, struct err *err)
{
    bool ok = event_log_store_begin(writer->store, err) && change(writer, context, err) &&
              event_log_store_commit(writer->store, err);
    if (!ok)
        event_log_store_rollback(writer->store);
    return ok;
}

struct opening_log {
    struct event_log *log;
    const char *name;
};

static bool open_row(struct event_log_writer *writer, void *context, struct err *err)
{
    struct opening_log *opening = context;
    return event_log_store_open_log(writer->store, opening->name, &opening->log->row, err);
}

struct event_log *event_log_open(struct event_log_writer *writer, const char *name, struct err *err)
{
    struct event_log *log = alloc_zeroed(sizeof(*log));
    atomic_init(&log->refs, 1);
    pthread_mutex_init(&log->lock, NULL);
    log->writer = writer;
    struct opening_log opening = {log, name};
    pthread_mutex_lock(&writer->store_lock);
    bool ok = event_log_remove_pending(writer, err) &&
              event_log_transact(writer, open_row, &opening, err);
    pthread_mutex_unlock(&writer->store_lock);
    if (!ok) {
        event_log_release(log);
        return NULL;
    }
    log->end = log->row.next;
    log->absent = log->row.readers;
    log->dirty = true; /* what was done just before the last end can be trimmed */
    pthread_mutex_lock(&writer->lock);
    DL_APPEND(writer->logs, log);
    pthread_mutex_unlock(&writer->lock);
    event_log_writer_wake(writer, false, true);
    return log;
}

void event_log_close(struct event_log *log)
{
    struct event_log_writer *writer = log->writer;
    struct event_log_reader *reader;
    struct err err = {0};
    pthread_mutex_lock(&log->lock);
    bool dirty = log->dirty;
    pthread_mutex_unlock(&log->lock);
    pthread_mutex_lock(&writer->store_lock);
    if (dirty && !event_log_flush(writer, &err))
        log_warning("what was delivered could not be noted, and comes again: %s", err.text);
    pthread_mutex_unlock(&writer->store_lock);

    pthread_mutex_lock(&writer->lock);
    DL_DELETE(writer->logs, log);
    pthread_mutex_unlock(&writer->lock);
    for (;;) {
        pthread_mutex_lock(&log->lock);
        reader = log->readers;
        if (reader)
            event_log_reader_unlink(log, reader);
        pthread_mutex_unlock(&log->lock);
        if (!reader)
            break;
        event_log_reader_release(reader);
    }
}

static bool remove_row(struct event_log_writer *writer, void *context, struct err *err)
{
    return event_log_store_remove_log(writer->store, ((struct event_log *)context)->row.id, err);
}

void event_log_remove(struct event_log *log)
{
    struct event_log_writer *writer = log->writer;
    struct err err = {0};
    pthread_mutex_lock(&writer->store_lock);
    log->removed = true; /* events that wait to be written are refused */
    bool ok = event_log_transact(writer, remove_row, log, &err);
    pthread_mutex_unlock(&writer->store_lock);
    if (!ok)
        event_log_remove_later(writer, log->row.id, false);
    pthread_mutex_lock(&writer->lock);
    writer->sweeps = true;
    pthread_mutex_unlock(&writer->lock);
    event_log_writer_wake(writer, false, true);
    event_log_close(log);
}

/* What is in the file and was not opened. */
struct reconciliation {
    struct event_log_writer *writer;
    event_log_keep *keep;
    void *context;
    struct removal *removals;
};

/* The open log of an id; NULL = none. Under the writer's lock. */
static struct event_log *find_log(struct event_log_writer *writer, int64_t id)
{
    struct event_log *log;
    DL_FOREACH(writer->logs, log)
    {
        if (log->row.id == id)
            break;
    }
    return log;
}

/* Whether a log or reader is open. A reader that is to be kept, and is not open, counts as absent.
 */
static bool is_open(struct event_log_writer *writer, const struct event_log_item *item, bool keep)
{
    struct event_log_reader *reader = NULL;
    pthread_mutex_lock(&writer->lock);
    struct event_log *log = find_log(writer, item->log);
    if (log && item->reader) {
        pthread_mutex_lock(&log->lock);
        DL_FOREACH2(log->readers, reader, next_reader)
        {
            if (reader->id == item->reader)
                break;
        }
        log->absent += !reader && keep;
        pthread_mutex_unlock(&log->lock);
    }
    pthread_mutex_unlock(&writer->lock);
    return item->reader ? reader != NULL : log != NULL;
}

static void check_item(const struct event_log_item *item, void *context)
{
    struct reconciliation *reconciliation = context;
    bool keep = reconciliation->keep(item->log_name, item->reader_name, reconciliation->context);
    if (is_open(reconciliation->writer, item, keep) || keep)
        return;
    if (item->reader)
        log_warning("%s: what was kept for the subscription %s is removed; it no longer exists",
                    item->log_name, item->reader_name);
    else
        log_warning("%s: what was kept on disk is removed; the channel no longer exists",
                    item->log_name);
    struct removal *removal = alloc_zeroed(sizeof(*removal));
    *removal = (struct removal){.id = item->reader ? item->reader : item->log,
                                .is_reader = item->reader != 0};
    LL_PREPEND(reconciliation->removals, removal);
}

static void reconcile(struct event_log_writer *writer, event_log_keep *keep, void *context)
{
    struct reconciliation reconciliation = {writer, keep, context, NULL};
    struct err err = {0};
    struct event_log *log;
    pthread_mutex_lock(&writer->store_lock);
    pthread_mutex_lock(&writer->lock);
    DL_FOREACH(writer->logs, log)
    {
        pthread_mutex_lock(&log->lock);
        log->absent = 0;
        pthread_mutex_unlock(&log->lock);
    }
    pthread_mutex_unlock(&writer->lock);
    if (!event_log_store_list(writer->store, check_item, &reconciliation, &err))
        log_warning("the event store could not be compared with the channels: %s", err.text);
    pthread_mutex_unlock(&writer->store_lock);

    pthread_mutex_lock(&writer->lock);
    writer->sweeps |= reconciliation.removals != NULL;
    LL_CONCAT(writer->removals, reconciliation.removals);
    pthread_mutex_unlock(&writer->lock);
}

void event_log_writer_begin(struct event_log_writer *writer, event_log_keep *keep, void *context)
{
    if (keep)
        reconcile(writer, keep, context);
    pthread_mutex_lock(&writer->lock);
    writer->begun = writer->delivering = true;
    pthread_mutex_unlock(&writer->lock);
    event_log_writer_wake(writer, true, true);
    pthread_mutex_lock(&writer->lock);
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
}
