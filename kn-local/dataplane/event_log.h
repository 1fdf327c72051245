/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a channel that is kept on disk. An archive is one thread with one store; it writes
 * what has come meanwhile in one commit, tells the senders, and hands the events to the channel's
 * subscriptions: at once to those that keep up, from disk to those that are behind. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_LOG_H
#define KN_LOCAL_DATAPLANE_EVENT_LOG_H

#include "kn-local/dataplane/subscriber_list.h"

struct event_log_writer;
struct event_log;

struct event_log_writer *event_log_writer_open(const char *path, struct err *err);

/* Writes what is still to be written and frees. Nothing may be appended any more. */
void event_log_writer_close(struct event_log_writer *archive);

static inline void own_event_log_writer(struct event_log_writer **local)
{
    event_log_writer_close(*local);
}

/* The backlog of a channel, with what it held before. subscribers are those of the channel and must
 * live until event_log_close or event_log_remove. */
struct event_log *event_log_open(struct event_log_writer *archive, const char *key,
                                 struct subscriber_list *subscribers, struct err *err);
struct event_log *event_log_hold(struct event_log *backlog);
void event_log_release(struct event_log *backlog);

/* Ends its work; what it holds stays on disk, or is removed. To be released afterwards. */
void event_log_close(struct event_log *backlog);
bool event_log_remove(struct event_log *backlog, struct err *err);

/* Keeps an event; it settles well once it is safe. Takes parcel->open as 1. */
void event_log_append(struct event_log *backlog, struct event_message *parcel);

/* Lets a subscription read: on from where one of its name was, or from the next event on. */
bool event_log_subscribe(struct event_log *backlog, struct subscription *subscription,
                         struct err *err);

/* Forgets where a subscription was. */
bool event_log_unsubscribe(struct event_log *backlog, struct subscription *subscription,
                           struct err *err);

/* How many bytes one of them may hold in memory. */
size_t event_log_share(const struct event_log *backlog);

/* There is room for more. */
void event_log_request_read(struct event_log *backlog, struct subscription *subscription);

/* Events have ended. */
void event_log_mark_dirty(struct event_log *backlog, struct subscription *subscription);

#endif
