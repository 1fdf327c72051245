/* SPDX-License-Identifier: Apache-2.0 */
/* Writes how far readers are, and deletes what all of them have done. */
#include "kn-local/dataplane/event_log_private.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <string.h>
#include <utlist.h>

enum {
    MAX_DELETES = 20000, /* in a transaction */
    MIN_RANGE = 256,     /* events above one that is not done, to be deleted before it */
    MAX_RANGES = 16,     /* of these, in one flush */
    AGAIN_MS = 1000,     /* after a failure */
};

static struct number_set copy_set(const struct number_set *set)
{
    struct number_set copy = {.low = set->low, .count = set->count, .size = set->count};
    if (set->count) {
        copy.ranges = alloc_resize(NULL, set->count * sizeof(*set->ranges));
        memcpy(copy.ranges, set->ranges, set->count * sizeof(*set->ranges));
    }
    return copy;
}

struct position {
    int64_t id;
    struct number_set done;
};

/* What a flush of one log writes. */
struct flush {
    struct position *positions;
    size_t count;
    struct number_set done; /* by all readers */
};

/* Takes what has changed; from now on it may change again. */
static struct flush take(struct event_log *log)
{
    struct flush flush = {0};
    struct event_log_reader *reader;
    pthread_mutex_lock(&log->lock);
    flush.positions = alloc_zeroed((log->reader_count + 1) * sizeof(*flush.positions));
    number_set_add(&flush.done, 0, log->absent > 0 ? 0 : log->end);
    DL_FOREACH2(log->readers, reader, next_reader)
    {
        number_set_intersect(&flush.done, &reader->done);
        if (!reader->dirty)
            continue;
        reader->dirty = false;
        flush.positions[flush.count++] = (struct position){reader->id, copy_set(&reader->done)};
    }
    log->dirty = false;
    pthread_mutex_unlock(&log->lock);
    return flush;
}

static void flush_done(struct flush *flush)
{
    for (size_t i = 0; i < flush->count; i++)
        number_set_done(&flush->positions[i].done);
    free(flush->positions);
    number_set_done(&flush->done);
}

/* All of it is to be written again. */
static void give_back(struct event_log *log)
{
    struct event_log_reader *reader;
    pthread_mutex_lock(&log->lock);
    DL_FOREACH2(log->readers, reader, next_reader)
    {
        reader->dirty = true;
    }
    log->dirty = true;
    pthread_mutex_unlock(&log->lock);
}

/* Deletes a range of events, as far as that was not done. */
static bool delete_range(struct event_log *log, uint64_t from, uint64_t below, bool *left,
                         struct err *err)
{
    from = number_set_next_gap(&log->trimmed, from);
    *left = false;
    if (from >= below)
        return true;
    if (!event_log_store_delete(log->writer->store, log->row.id, from, below, MAX_DELETES,
                                &log->row.bytes, left, err))
        return false;
    if (!*left)
        number_set_add(&log->trimmed, from, below);
    log->touched = true;
    return true;
}

static bool trim(struct event_log *log, const struct number_set *done, bool *left, struct err *err)
{
    if (!delete_range(log, log->trimmed.low, done->low, left, err) || *left)
        return !err->status;
    number_set_add(&log->trimmed, 0, done->low);
    unsigned deleted = 0;
    for (size_t i = 0; i < done->count && deleted < MAX_RANGES && !*left; i++) {
        const struct number_range *range = &done->ranges[i];
        uint64_t from = number_set_next_gap(&log->trimmed, range->from);
        if (from + MIN_RANGE > range->below)
            continue;
        deleted++;
        if (!delete_range(log, from, range->below, left, err))
            return false;
    }
    return true;
}

static bool flush_log(struct event_log *log, bool *left, struct err *err)
{
    struct event_log_store *store = log->writer->store;
    struct event_log_row before = log->row;
    struct flush flush = take(log);
    bool ok = true;
    for (size_t i = 0; ok && i < flush.count; i++)
        ok = event_log_store_save_reader(store, flush.positions[i].id, &flush.positions[i].done,
                                         err);
    ok = ok && trim(log, &flush.done, left, err);
    if (ok && log->row.bytes != before.bytes)
        ok = event_log_store_save_log(store, &log->row, err);
    flush_done(&flush);
    return ok;
}

/* The logs that have something to flush, held. */
static size_t take_dirty(struct event_log_writer *writer, struct event_log ***list)
{
    struct event_log *log;
    size_t count = 0, all;
    pthread_mutex_lock(&writer->lock);
    DL_COUNT(writer->logs, log, all);
    *list = alloc_zeroed((all + 1) * sizeof(struct event_log *));
    DL_FOREACH(writer->logs, log)
    {
        pthread_mutex_lock(&log->lock);
        if (log->dirty)
            (*list)[count++] = event_log_hold(log);
        pthread_mutex_unlock(&log->lock);
    }
    pthread_mutex_unlock(&writer->lock);
    return count;
}

static bool remove_all(struct event_log_writer *writer, const struct removal *removals,
                       struct err *err)
{
    for (; removals; removals = removals->next)
        if (removals->is_reader ? !event_log_store_remove_reader(writer->store, removals->id, err)
                                : !event_log_store_remove_log(writer->store, removals->id, err))
            return false;
    return true;
}

void event_log_remove_later(struct event_log_writer *writer, int64_t id, bool is_reader)
{
    struct removal *removal = alloc_zeroed(sizeof(*removal));
    *removal = (struct removal){.id = id, .is_reader = is_reader};
    pthread_mutex_lock(&writer->lock);
    LL_PREPEND(writer->removals, removal);
    writer->sweeps |= !is_reader;
    pthread_mutex_unlock(&writer->lock);
    event_log_writer_wake(writer, false, true);
}

/* What a flush has taken, to be given back when it is not written after all. */
struct taken {
    struct event_log **logs;
    struct event_log_row *rows; /* before */
    size_t count;
    struct removal *removals;
    bool sweeps, more;
};

static void settle_taken(struct event_log_writer *writer, struct taken *taken, bool ok)
{
    for (size_t i = 0; i < taken->count; i++) {
        if (!ok) {
            taken->logs[i]->row.bytes = taken->rows[i].bytes;
            number_set_done(&taken->logs[i]->trimmed);
            give_back(taken->logs[i]);
        }
        event_log_release(taken->logs[i]);
    }
    struct removal *removal, *next;
    LL_FOREACH_SAFE(taken->removals, removal, next)
    {
        if (ok) {
            free(removal);
            continue;
        }
        pthread_mutex_lock(&writer->lock);
        LL_PREPEND(writer->removals, removal);
        pthread_mutex_unlock(&writer->lock);
    }
    pthread_mutex_lock(&writer->lock);
    writer->sweeps |= taken->sweeps;
    if (!ok || taken->more || taken->sweeps)
        writer->flush_at_ns =
            writer->io->monotonic_ns(writer->io->app) + (ok ? 1 : AGAIN_MS * NS_PER_MS);
    pthread_mutex_unlock(&writer->lock);
    free(taken->logs);
    free(taken->rows);
}

static bool flush_all(struct event_log_writer *writer, void *context, struct err *err)
{
    struct taken *taken = context;
    bool ok = remove_all(writer, taken->removals, err), left = false;
    for (size_t i = 0; ok && i < taken->count; i++) {
        bool rest = false;
        if (taken->logs[i]->removed)
            continue;
        ok = flush_log(taken->logs[i], &rest, err);
        if (rest)
            give_back(taken->logs[i]);
        taken->more |= rest;
    }
    if (ok && taken->sweeps)
        ok = event_log_store_delete_removed(writer->store, MAX_DELETES, &left, err);
    taken->sweeps = left || !ok;
    return ok;
}

bool event_log_flush(struct event_log_writer *writer, struct err *err)
{
    struct taken taken = {0};
    pthread_mutex_lock(&writer->lock);
    bool begun = writer->begun;
    writer->flush_at_ns = 0;
    taken.removals = move_ptr(&writer->removals);
    taken.sweeps = writer->sweeps;
    writer->sweeps = false;
    pthread_mutex_unlock(&writer->lock);
    /* before all readers are there, nothing may be trimmed */
    if (begun)
        taken.count = take_dirty(writer, &taken.logs);
    taken.rows = alloc_zeroed((taken.count + 1) * sizeof(*taken.rows));
    for (size_t i = 0; i < taken.count; i++)
        taken.rows[i] = taken.logs[i]->row;
    bool idle = !taken.count && !taken.removals && !taken.sweeps;
    bool ok = idle || event_log_transact(writer, flush_all, &taken, err);
    settle_taken(writer, &taken, ok);
    return ok;
}

bool event_log_remove_pending(struct event_log_writer *writer, struct err *err)
{
    pthread_mutex_lock(&writer->lock);
    bool pending = writer->removals != NULL;
    pthread_mutex_unlock(&writer->lock);
    return !pending || event_log_flush(writer, err);
}
