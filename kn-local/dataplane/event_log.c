/* SPDX-License-Identifier: Apache-2.0 */
/* The events of channels that are kept on disk: one thread, one store, group commit. */
#include "kn-local/dataplane/event_log.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/dataplane/event_log_store.h"

#include <signal.h>
#include <utlist.h>

enum {
    READ_AHEAD_BYTES = 4 << 20, /* of all subscriptions of a channel together */
    MAX_APPENDS = 1000,         /* in a commit */
    MAX_DELETES = 20000,        /* in a commit */
    READS_AT_ONCE = 64,         /* events, for one subscription */
};

/* Positions of readers are written so often; what is lost by a kill is delivered again. */
static const int64_t FLUSH_NS = INT64_C(50) * NS_PER_MS;

struct event_log_writer {
    struct event_log_store *store;
    pthread_mutex_t store_lock; /* whoever uses the store */
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;
    struct event_message *appends;       /* held; ->next; ->backlog held */
    struct subscription *asking, *moved; /* held */
    int64_t flush_at_ns;                 /* 0 = nothing to flush */
    struct event_log *backlogs;
    bool closing;
};

struct event_log {
    atomic_uint refs;
    struct event_log_writer *archive;
    struct subscriber_list *subscribers; /* NULL after its end */
    int64_t id;
    uint64_t next;            /* number of the next event; of the archive's thread */
    atomic_uint_fast64_t end; /* number behind the last one that is safe */
    atomic_size_t readers;
    atomic_bool trim; /* there may be events that nobody needs */
    struct event_log *prev_backlog, *next_backlog;
};

struct event_log *event_log_hold(struct event_log *backlog)
{
    atomic_fetch_add(&backlog->refs, 1);
    return backlog;
}

void event_log_release(struct event_log *backlog)
{
    if (atomic_fetch_sub(&backlog->refs, 1) == 1)
        free(backlog);
}

void event_log_append(struct event_log *backlog, struct event_message *parcel)
{
    struct event_log_writer *archive = backlog->archive;
    atomic_store(&parcel->open, 1);
    parcel->backlog = event_log_hold(backlog);
    event_message_hold(parcel);
    pthread_mutex_lock(&archive->lock);
    bool idle = !archive->appends;
    DL_APPEND(archive->appends, parcel);
    if (idle)
        pthread_cond_signal(&archive->work);
    pthread_mutex_unlock(&archive->lock);
}

void event_log_request_read(struct event_log *backlog, struct subscription *subscription)
{
    struct event_log_writer *archive = backlog->archive;
    pthread_mutex_lock(&archive->lock);
    if (!archive->closing && !subscription->asked &&
        subscription->next < atomic_load(&backlog->end)) {
        subscription->asked = true;
        subscription_hold(subscription);
        LL_PREPEND2(archive->asking, subscription, next_requested);
        pthread_cond_signal(&archive->work);
    }
    pthread_mutex_unlock(&archive->lock);
}

/* Under the lock. */
static void flush_soon(struct event_log_writer *archive)
{
    if (archive->flush_at_ns)
        return;
    archive->flush_at_ns = timestamp_monotonic_ns() + FLUSH_NS;
    pthread_cond_signal(&archive->work);
}

void event_log_mark_dirty(struct event_log *backlog, struct subscription *subscription)
{
    struct event_log_writer *archive = backlog->archive;
    pthread_mutex_lock(&archive->lock);
    if (!subscription->moved) {
        subscription->moved = true;
        subscription_hold(subscription);
        LL_PREPEND2(archive->moved, subscription, next_dirty);
        flush_soon(archive);
    }
    pthread_mutex_unlock(&archive->lock);
}

size_t event_log_share(const struct event_log *backlog)
{
    size_t readers = atomic_load(&backlog->readers);
    return READ_AHEAD_BYTES / (readers ? readers : 1);
}

/* What the thread took to do in one turn. */
struct batch {
    struct event_message *appends;
    struct subscription *asking;
    struct subscription **moved; /* owned list of held ones */
    size_t moved_count;
    bool flush, closing;
};

static bool append(struct event_log_writer *archive, struct event_message *parcel, struct err *err)
{
    OWN(buf) struct buf headers = {0};
    event_message_pack_headers(parcel, &headers);
    parcel->number = parcel->backlog->next++;
    return event_log_store_append(archive->store, parcel->backlog->id, parcel->number,
                                  buf_bytes(&headers), buf_bytes(&parcel->body), err);
}

static bool write_appends(struct event_log_writer *archive, struct event_message *appends,
                          struct err *err)
{
    struct event_message *parcel;
    DL_FOREACH(appends, parcel)
    {
        if (!append(archive, parcel, err))
            return false;
    }
    return true;
}

static bool write_position(struct event_log_writer *archive, struct subscription *subscription,
                           struct err *err)
{
    pthread_mutex_lock(&subscription->lock);
    uint64_t low = ack_window_base(&subscription->window, subscription->next);
    pthread_mutex_unlock(&subscription->lock);
    atomic_store(&subscription->backlog->trim, true);
    return event_log_store_move_reader(archive->store, subscription->backlog->id,
                                       subscription->name, low, err);
}

static bool write_positions(struct event_log_writer *archive, const struct batch *batch,
                            struct err *err)
{
    for (size_t i = 0; i < batch->moved_count; i++)
        if (!write_position(archive, batch->moved[i], err))
            return false;
    return true;
}

/* Deletes what all readers of a backlog have behind them; the rest next time when it is much. */
static bool trim(struct event_log *backlog, struct err *err)
{
    struct event_log_store *store = backlog->archive->store;
    uint64_t lowest;
    bool left = false;
    bool good = event_log_store_lowest(store, backlog->id, backlog->next, &lowest, err) &&
                event_log_store_delete(store, backlog->id, lowest, MAX_DELETES, &left, err);
    if (left)
        atomic_store(&backlog->trim, true);
    return good;
}

/* The backlogs to trim, held: the list may change while the store works. */
static struct event_log *next_to_trim(struct event_log_writer *archive)
{
    pthread_mutex_lock(&archive->lock);
    struct event_log *backlog;
    DL_FOREACH2(archive->backlogs, backlog, next_backlog)
    {
        if (atomic_exchange(&backlog->trim, false))
            break;
    }
    if (backlog)
        event_log_hold(backlog);
    pthread_mutex_unlock(&archive->lock);
    return backlog;
}

static bool trim_all(struct event_log_writer *archive, struct err *err)
{
    struct event_log *backlog;
    size_t count = 0;
    bool good = true;
    while (good && count++ < 100 && (backlog = next_to_trim(archive))) {
        good = trim(backlog, err);
        event_log_release(backlog);
    }
    return good;
}

static bool write_batch(struct event_log_writer *archive, const struct batch *batch,
                        struct err *err)
{
    if (!batch->appends && !batch->flush)
        return true;
    return event_log_store_begin(archive->store, err) &&
           write_appends(archive, batch->appends, err) && write_positions(archive, batch, err) &&
           (!batch->flush || trim_all(archive, err)) && event_log_store_commit(archive->store, err);
}

/* Gives numbers back that were not used after all. */
static void take_numbers_back(struct event_message *appends)
{
    struct event_message *parcel;
    DL_FOREACH(appends, parcel)
    {
        if (parcel->number && parcel->backlog->next > parcel->number)
            parcel->backlog->next = parcel->number;
        parcel->number = 0;
    }
}

/* Under the store's lock, so that a channel that is removed is not worked for. */
static void offer_to_all(struct event_log *backlog, struct event_message *parcel)
{
    if (!backlog->subscribers)
        return;
    OWN(subscriber_snapshot) struct subscriber_snapshot *roster =
        subscriber_list_snapshot(backlog->subscribers);
    for (size_t i = 0; i < roster->count; i++)
        if (!subscription_offer(roster->list[i], parcel))
            event_log_request_read(backlog,
                                   roster->list[i]); /* it is behind: from disk, when it has room */
    if (roster->count == 0)
        atomic_store(&backlog->trim, true);
}

static void end_append(struct event_message *parcel, bool good)
{
    struct event_log *backlog = parcel->backlog;
    parcel->backlog = NULL;
    event_message_uncharge(parcel);
    if (good)
        atomic_store(&backlog->end, parcel->number + 1);
    event_message_settle(parcel, good);
    if (good)
        offer_to_all(backlog, parcel);
    event_log_release(backlog);
    event_message_release(parcel);
}

static void end_appends(struct event_message *appends, bool good)
{
    if (!good)
        take_numbers_back(appends);
    struct event_message *parcel, *next;
    DL_FOREACH_SAFE(appends, parcel, next)
    {
        DL_DELETE(appends, parcel);
        end_append(parcel, good);
    }
}

/* Reading for one subscription. */
struct reading {
    struct subscription *subscription;
    size_t count, bytes; /* that there is still room for */
};

static bool hand_out(uint64_t number, struct bytes headers, struct bytes body, void *to)
{
    struct reading *reading = to;
    if (atomic_load(&reading->subscription->next) < number)
        atomic_store(&reading->subscription->next, number); /* those between were deleted */
    OWN(event_message) struct event_message *parcel =
        event_message_from_store(headers, body, number);
    if (!parcel || !subscription_offer(reading->subscription, parcel))
        return false;
    reading->bytes -= parcel->size < reading->bytes ? parcel->size : reading->bytes;
    return --reading->count && reading->bytes;
}

static void read_for(struct event_log_writer *archive, struct subscription *subscription)
{
    pthread_mutex_lock(&archive->lock);
    subscription->asked = false;
    pthread_mutex_unlock(&archive->lock);

    struct err err = {0};
    struct reading reading = {.subscription = subscription};
    reading.count = subscription_room(subscription, &reading.bytes);
    if (reading.count > READS_AT_ONCE)
        reading.count = READS_AT_ONCE;
    uint64_t from = subscription->next; /* changed by this thread alone */
    if (reading.count && event_log_store_read(archive->store, subscription->backlog->id, from,
                                              hand_out, &reading, &err)) {
        if (subscription_room(subscription, &reading.bytes))
            event_log_request_read(subscription->backlog, subscription);
    }
}

static void read_for_all(struct event_log_writer *archive, struct subscription *asking)
{
    struct subscription *subscription, *next;
    LL_FOREACH_SAFE2(asking, subscription, next, next_requested)
    {
        read_for(archive, subscription);
        subscription_release(subscription);
    }
}

static void wait_for_work(struct event_log_writer *archive)
{
    while (!archive->appends && !archive->asking && !archive->closing) {
        if (!archive->flush_at_ns) {
            pthread_cond_wait(&archive->work, &archive->lock);
            continue;
        }
        struct timespec until = {.tv_sec = archive->flush_at_ns / NS_PER_SEC,
                                 .tv_nsec = archive->flush_at_ns % NS_PER_SEC};
        if (pthread_cond_timedwait(&archive->work, &archive->lock, &until) != 0)
            return;
    }
}

static struct event_message *take_appends(struct event_log_writer *archive)
{
    struct event_message *taken = NULL;
    for (int i = 0; i < MAX_APPENDS && archive->appends; i++) {
        struct event_message *parcel = archive->appends;
        DL_DELETE(archive->appends, parcel);
        DL_APPEND(taken, parcel);
    }
    return taken;
}

/* Takes those that have moved; from now on they may move again. */
static void take_moved(struct event_log_writer *archive, struct batch *batch)
{
    struct subscription *subscription;
    LL_COUNT2(archive->moved, subscription, batch->moved_count, next_dirty);
    batch->moved = alloc_zeroed(batch->moved_count * sizeof(struct subscription *));
    for (size_t i = 0; i < batch->moved_count; i++) {
        batch->moved[i] = archive->moved;
        archive->moved->moved = false;
        LL_DELETE2(archive->moved, archive->moved, next_dirty);
    }
    archive->flush_at_ns = 0;
}

static struct batch take_batch(struct event_log_writer *archive)
{
    pthread_mutex_lock(&archive->lock);
    wait_for_work(archive);
    struct batch batch = {.appends = take_appends(archive),
                          .asking = archive->asking,
                          .closing = archive->closing && !archive->appends};
    archive->asking = NULL;
    batch.flush =
        batch.closing || (archive->flush_at_ns && timestamp_monotonic_ns() >= archive->flush_at_ns);
    if (batch.flush)
        take_moved(archive, &batch);
    pthread_mutex_unlock(&archive->lock);
    return batch;
}

static void end_moved(struct batch *batch, bool good)
{
    for (size_t i = 0; i < batch->moved_count; i++) {
        if (!good)
            event_log_mark_dirty(batch->moved[i]->backlog, batch->moved[i]); /* try again */
        subscription_release(batch->moved[i]);
    }
    free(batch->moved);
}

static void trim_again(struct event_log_writer *archive)
{
    pthread_mutex_lock(&archive->lock);
    struct event_log *backlog;
    DL_FOREACH2(archive->backlogs, backlog, next_backlog)
    {
        if (atomic_load(&backlog->trim))
            flush_soon(archive);
    }
    pthread_mutex_unlock(&archive->lock);
}

static void *run(void *context)
{
    struct event_log_writer *archive = context;
    for (bool closing = false; !closing;) {
        struct batch batch = take_batch(archive);
        struct err err = {0};
        closing = batch.closing;
        pthread_mutex_lock(&archive->store_lock);
        bool good = write_batch(archive, &batch, &err);
        if (!good)
            event_log_store_rollback(archive->store);
        end_appends(batch.appends, good);
        read_for_all(archive, batch.asking);
        pthread_mutex_unlock(&archive->store_lock);
        end_moved(&batch, good || closing);
        trim_again(archive);
    }
    return NULL;
}

static bool start_thread(struct event_log_writer *archive)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&archive->thread, NULL, run, archive) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

struct event_log_writer *event_log_writer_open(const char *path, struct err *err)
{
    struct event_log_writer *archive = alloc_zeroed(sizeof(*archive));
    archive->store = event_log_store_open(path, err);
    if (!archive->store) {
        free(archive);
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&archive->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&archive->lock, NULL);
    pthread_mutex_init(&archive->store_lock, NULL);
    if (!start_thread(archive))
        abort(); /* the machine gives us no threads: nothing will work */
    return archive;
}

void event_log_writer_close(struct event_log_writer *archive)
{
    if (!archive)
        return;
    pthread_mutex_lock(&archive->lock);
    archive->closing = true;
    pthread_cond_signal(&archive->work);
    pthread_mutex_unlock(&archive->lock);
    pthread_join(archive->thread, NULL);
    event_log_store_close(archive->store);
    pthread_cond_destroy(&archive->work);
    pthread_mutex_destroy(&archive->lock);
    pthread_mutex_destroy(&archive->store_lock);
    free(archive);
}

/* Runs within one commit of the store. */
static bool finish(struct event_log_writer *archive, bool good, struct err *err)
{
    good = good && event_log_store_commit(archive->store, err);
    if (!good)
        event_log_store_rollback(archive->store);
    pthread_mutex_unlock(&archive->store_lock);
    return good;
}

static bool begin(struct event_log_writer *archive, struct err *err)
{
    pthread_mutex_lock(&archive->store_lock);
    return event_log_store_begin(archive->store, err);
}

struct event_log *event_log_open(struct event_log_writer *archive, const char *key,
                                 struct subscriber_list *subscribers, struct err *err)
{
    struct event_log *backlog = alloc_zeroed(sizeof(*backlog));
    atomic_init(&backlog->refs, 1);
    backlog->archive = archive;
    backlog->subscribers = subscribers;
    bool good = begin(archive, err) &&
                event_log_store_channel(archive->store, key, &backlog->id, &backlog->next, err) &&
                trim(backlog, err); /* what its readers finished just before the last end */
    if (!finish(archive, good, err)) {
        free(backlog);
        return NULL;
    }
    atomic_store(&backlog->end, backlog->next);
    pthread_mutex_lock(&archive->lock);
    DL_APPEND2(archive->backlogs, backlog, prev_backlog, next_backlog);
    pthread_mutex_unlock(&archive->lock);
    return backlog;
}

void event_log_close(struct event_log *backlog)
{
    struct event_log_writer *archive = backlog->archive;
    pthread_mutex_lock(&archive->store_lock);
    backlog->subscribers = NULL;
    pthread_mutex_unlock(&archive->store_lock);

    pthread_mutex_lock(&archive->lock);
    DL_DELETE2(archive->backlogs, backlog, prev_backlog, next_backlog);
    pthread_mutex_unlock(&archive->lock);
}

bool event_log_remove(struct event_log *backlog, struct err *err)
{
    struct event_log_writer *archive = backlog->archive;
    bool good =
        begin(archive, err) && event_log_store_remove_channel(archive->store, backlog->id, err);
    good = finish(archive, good, err);
    event_log_close(backlog);
    return good;
}

bool event_log_subscribe(struct event_log *backlog, struct subscription *subscription,
                         struct err *err)
{
    struct event_log_writer *archive = backlog->archive;
    bool good = begin(archive, err);
    uint64_t position = backlog->next;
    good =
        good &&
        event_log_store_reader(archive->store, backlog->id, subscription->name, &position, err) &&
        event_log_store_commit(archive->store, err);
    if (good) { /* still under the store's lock: no event passes between */
        subscription->next = position;
        subscription->backlog = event_log_hold(backlog);
        atomic_fetch_add(&backlog->readers, 1);
        subscriber_list_add(backlog->subscribers, subscription);
    } else {
        event_log_store_rollback(archive->store);
    }
    pthread_mutex_unlock(&archive->store_lock);
    if (good)
        event_log_request_read(backlog, subscription);
    return good;
}

bool event_log_unsubscribe(struct event_log *backlog, struct subscription *subscription,
                           struct err *err)
{
    struct event_log_writer *archive = backlog->archive;
    bool good = begin(archive, err) &&
                event_log_store_remove_reader(archive->store, backlog->id, subscription->name, err);
    good = finish(archive, good, err);
    atomic_fetch_sub(&backlog->readers, 1);
    atomic_store(&backlog->trim, true);
    pthread_mutex_lock(&archive->lock);
    flush_soon(archive);
    pthread_mutex_unlock(&archive->lock);
    return good;
}
