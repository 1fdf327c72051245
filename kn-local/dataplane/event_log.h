/* The events of a channel that is kept on disk. An archive is one thread with one store; it writes
 * what has come meanwhile in one commit, tells the senders, and hands the events to the channel's
 * subscriptions: at once to those that keep up, from disk to those that are behind. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_LOG_H
#define KN_LOCAL_DATAPLANE_EVENT_LOG_H

#include "kn-local/dataplane/subscriber_list.h"

struct archive;
struct backlog;

struct archive *archive_open(const char *path, struct err *err);

/* Writes what is still to be written and frees. Nothing may be appended any more. */
void archive_close(struct archive *archive);

static inline void own_archive(struct archive **local)
{
    archive_close(*local);
}

/* The backlog of a channel, with what it held before. subscribers are those of the channel and must
 * live until backlog_close or backlog_remove. */
struct backlog *backlog_open(struct archive *archive, const char *key,
                             struct subscribers *subscribers, struct err *err);
struct backlog *backlog_hold(struct backlog *backlog);
void backlog_release(struct backlog *backlog);

/* Ends its work; what it holds stays on disk, or is removed. To be released afterwards. */
void backlog_close(struct backlog *backlog);
bool backlog_remove(struct backlog *backlog, struct err *err);

/* Keeps an event; it settles well once it is safe. Takes parcel->open as 1. */
void backlog_append(struct backlog *backlog, struct parcel *parcel);

/* Lets a subscription read: on from where one of its name was, or from the next event on. */
bool backlog_subscribe(struct backlog *backlog, struct subscription *subscription, struct err *err);

/* Forgets where a subscription was. */
bool backlog_unsubscribe(struct backlog *backlog, struct subscription *subscription,
                         struct err *err);

/* ---- for subscriptions ---- */

/* How many bytes one of them may hold in memory. */
size_t backlog_share(const struct backlog *backlog);

/* There is room for more. */
void backlog_ask(struct backlog *backlog, struct subscription *subscription);

/* Events have ended. */
void backlog_moved(struct backlog *backlog, struct subscription *subscription);

#endif
