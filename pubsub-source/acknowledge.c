/* SPDX-License-Identifier: Apache-2.0 */
/* Acknowledges messages, returns them, and extends their ack deadlines while they are in flight. */
#include "base/log.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "pubsub-source/source_state.h"

#include <time.h>
#include <utlist.h>

enum { MAX_IDS_PER_CALL = 1000 };

/* Acknowledges or returns the messages of the list that have the same redeliver_sec as its first,
 * and moves them to *done. */
static void reply_some(struct pubsub_source *source, struct in_flight_message **list,
                       struct in_flight_message **done)
{
    const char *ids[MAX_IDS_PER_CALL];
    size_t count = 0;
    int redeliver_sec = (*list)->redeliver_sec;
    struct in_flight_message *in_flight, *next;
    DL_FOREACH_SAFE(*list, in_flight, next)
    {
        if (in_flight->redeliver_sec != redeliver_sec || count == ARRAY_SIZE(ids))
            continue;
        ids[count++] = in_flight->message.ack_id;
        DL_DELETE(*list, in_flight);
        DL_APPEND(*done, in_flight);
    }

    struct err err = {0};
    const char *name = source->subscription.name;
    if (redeliver_sec < 0
            ? !gcp_acknowledge(source->gcp, name, ids, count, &err)
            : !gcp_modify_ack_deadline(source->gcp, name, ids, count, redeliver_sec, &err))
        log_warning("cannot %s %zu messages: %s; they will be delivered again",
                    redeliver_sec < 0 ? "acknowledge" : "return", count, err.text);
}

void *pubsub_source_acknowledge(void *context)
{
    struct pubsub_source *source = context;
    pthread_mutex_lock(&source->lock);
    for (;;) {
        while (!source->settled)
            pthread_cond_wait(&source->settled_changed, &source->lock);
        struct in_flight_message *list = source->settled, *done = NULL, *in_flight, *next;
        source->settled = NULL;
        pthread_mutex_unlock(&source->lock);

        while (list)
            reply_some(source, &list, &done);

        pthread_mutex_lock(&source->lock);
        DL_FOREACH_SAFE(done, in_flight, next)
        {
            flow_control_release(&source->flow, in_flight);
        }
        pthread_cond_broadcast(&source->changed);
    }
    return NULL;
}

/* Copies the ack ids of the messages that were pulled before before_ns. Called with the lock
 * held. */
static char **copy_ack_ids(const struct flow_control *flow, int64_t before_ns, size_t *count)
{
    char **ids = alloc_zeroed(flow->messages * sizeof(*ids));
    *count = 0;
    struct in_flight_message *in_flight;
    DL_FOREACH2(flow->in_flight, in_flight, next_in_flight)
    {
        if (!in_flight->settled && in_flight->pulled_ns <= before_ns)
            ids[(*count)++] = str_copy(in_flight->message.ack_id);
    }
    return ids;
}

static void extend(struct pubsub_source *source, char **ids, size_t count, int seconds)
{
    for (size_t i = 0; i < count; i += MAX_IDS_PER_CALL) {
        size_t n = count - i < MAX_IDS_PER_CALL ? count - i : MAX_IDS_PER_CALL;
        struct err err = {0};
        if (!gcp_modify_ack_deadline(source->gcp, source->subscription.name,
                                     (const char *const *)ids + i, n, seconds, &err))
            log_warning("cannot extend the ack deadline of %zu messages: %s", n, err.text);
    }
}

static void sleep_sec(int seconds)
{
    struct timespec left = {.tv_sec = seconds};
    while (nanosleep(&left, &left) < 0)
        ;
}

/* Extends the deadlines of messages that wait or are being delivered, every third of the ack
 * deadline. */
void *pubsub_source_extend_deadlines(void *context)
{
    struct pubsub_source *source = context;
    for (int seconds = 1;;) {
        sleep_sec(seconds);
        pthread_mutex_lock(&source->lock);
        int deadline_sec = source->subscription.ack_deadline_sec; /* 0 = not known yet */
        seconds = deadline_sec < 3 ? 1 : deadline_sec / 3;
        int64_t now_ns = timestamp_monotonic_ns();
        size_t count;
        char **ids = copy_ack_ids(&source->flow, now_ns - (int64_t)seconds * NS_PER_SEC, &count);
        flow_control_expire_keys(&source->flow, now_ns);
        pthread_mutex_unlock(&source->lock);

        extend(source, ids, count, deadline_sec);
        for (size_t i = 0; i < count; i++)
            free(ids[i]);
        free(ids);
    }
    return NULL;
}
