/* SPDX-License-Identifier: Apache-2.0 */
/* Tells Pub/Sub what became of messages, and that others are still in hand. */
#include "base/log.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "pubsub-source/source_state.h"

#include <time.h>
#include <utlist.h>

enum { MAX_IDS_PER_CALL = 1000 }; /* ids in one call */

/* Tells Pub/Sub about those at the front of the list that share one answer, and moves them to told.
 */
static void tell_some(struct pubsub_source *source, struct in_flight_message **list,
                      struct in_flight_message **told)
{
    const char *ids[MAX_IDS_PER_CALL];
    size_t count = 0;
    int again_sec = (*list)->again_sec;
    struct in_flight_message *held, *next;
    DL_FOREACH_SAFE(*list, held, next)
    {
        if (held->again_sec != again_sec || count == ARRAY_SIZE(ids))
            continue;
        ids[count++] = held->message.ack_id;
        DL_DELETE(*list, held);
        DL_APPEND(*told, held);
    }

    struct err err = {0};
    const char *name = source->subscription.name;
    if (again_sec < 0 ? !gcp_acknowledge(source->gcp, name, ids, count, &err)
                      : !gcp_modify_ack_deadline(source->gcp, name, ids, count, again_sec, &err))
        log_warning("cannot %s %zu messages: %s; they will come again",
                    again_sec < 0 ? "acknowledge" : "return", count, err.text);
}

void *pubsub_source_reply(void *context)
{
    struct pubsub_source *source = context;
    pthread_mutex_lock(&source->lock);
    for (;;) {
        while (!source->back)
            pthread_cond_wait(&source->returned, &source->lock);
        struct in_flight_message *list = source->back, *told = NULL, *held, *next;
        source->back = NULL;
        pthread_mutex_unlock(&source->lock);

        while (list)
            tell_some(source, &list, &told);

        pthread_mutex_lock(&source->lock);
        DL_FOREACH_SAFE(told, held, next)
        {
            flow_control_release(&source->flow, held);
        }
        pthread_cond_broadcast(&source->changed);
    }
    return NULL;
}

/* Copies the ids of the messages that have been in hand for some time. With the lock held. */
static char **ids_in_hand(const struct flow_control *flow, int64_t before_ns, size_t *count)
{
    char **ids = alloc_zeroed(flow->messages * sizeof(*ids));
    *count = 0;
    struct in_flight_message *held;
    DL_FOREACH2(flow->all, held, behind)
    {
        if (!held->answered && held->pulled_ns <= before_ns)
            ids[(*count)++] = str_copy(held->message.ack_id);
    }
    return ids;
}

static void extend(struct pubsub_source *source, char **ids, size_t count, int seconds)
{
    for (size_t from = 0; from < count; from += MAX_IDS_PER_CALL) {
        size_t some = count - from < MAX_IDS_PER_CALL ? count - from : MAX_IDS_PER_CALL;
        struct err err = {0};
        if (!gcp_modify_ack_deadline(source->gcp, source->subscription.name,
                                     (const char *const *)ids + from, some, seconds, &err))
            log_warning("cannot keep %zu messages longer: %s", some, err.text);
    }
}

static void sleep_sec(int seconds)
{
    struct timespec left = {.tv_sec = seconds};
    while (nanosleep(&left, &left) < 0)
        ;
}

/* Extends the deadlines of messages that wait or are delivered, a third of the time before the end.
 */
void *pubsub_source_extend_deadlines(void *context)
{
    struct pubsub_source *source = context;
    for (int seconds = 1;;) {
        sleep_sec(seconds);
        pthread_mutex_lock(&source->lock);
        int deadline_sec = source->subscription.ack_deadline_sec; /* 0: not found yet */
        seconds = deadline_sec < 3 ? 1 : deadline_sec / 3;
        int64_t now_ns = timestamp_monotonic_ns();
        size_t count;
        char **ids = ids_in_hand(&source->flow, now_ns - (int64_t)seconds * NS_PER_SEC, &count);
        flow_control_expire_keys(&source->flow, now_ns);
        pthread_mutex_unlock(&source->lock);

        extend(source, ids, count, deadline_sec);
        for (size_t i = 0; i < count; i++)
            free(ids[i]);
        free(ids);
    }
    return NULL;
}
