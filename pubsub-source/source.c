/* Pulls a subscription and posts what comes to a sink: the threads that talk to Pub/Sub. */
#include "pubsub-source/source.h"

#include "base/log.h"
#include "base/own.h"
#include "base/random.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "pubsub-source/source_state.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <utlist.h>

enum {
    MOST_PULLED = 1000,   /* messages in one pull */
    MOST_ANSWERED = 1000, /* ids in one call */
    LONGEST_PAUSE_SEC = 60,
    DRAIN_SEC = 20, /* for deliveries under way at the end; Kubernetes kills after 30 */
    RETURN_SEC = 5, /* for telling Pub/Sub what became of them */
};

/* ---- waiting ------------------------------------------------------------------------------- */

/* Waits for a change, with the lock held; false when the time has come first. */
static bool wait_until(struct source *source, int64_t until_ns)
{
    struct timespec until = {.tv_sec = until_ns / NS_PER_SEC, .tv_nsec = until_ns % NS_PER_SEC};
    return pthread_cond_timedwait(&source->changed, &source->lock, &until) != ETIMEDOUT;
}

static int64_t from_now(int64_t seconds)
{
    return time_monotonic_ns() + seconds * NS_PER_SEC;
}

/* Sleeps after a call has failed, longer each time; false when the source is stopping. */
static bool pause_after(struct source *source, const char *deed, const struct err *err,
                        int *failures)
{
    int seconds = *failures < 6 ? 1 << *failures : LONGEST_PAUSE_SEC;
    ++*failures;
    if (err->retry_after_sec > seconds)
        seconds = err->retry_after_sec;
    log_warning("cannot %s: %s; again in %d s", deed, err->text, seconds);

    /* half of it at random, so that many sources do not come back together */
    int64_t half_ns = (int64_t)seconds * NS_PER_SEC / 2;
    int64_t until_ns = from_now(0) + half_ns + (int64_t)random_below((uint64_t)half_ns);
    pthread_mutex_lock(&source->lock);
    while (!source->stopping && wait_until(source, until_ns))
        ;
    bool go_on = !source->stopping;
    pthread_mutex_unlock(&source->lock);
    return go_on;
}

/* ---- pulling ------------------------------------------------------------------------------- */

/* Creates the subscription when asked to and it is not there, and reads what it is. */
static bool find_subscription(struct source *source, struct gcp_subscription *found,
                              struct err *err)
{
    const struct source_config *config = source->config;
    const struct gcp_subscription_options options = {.ordered = true};
    if (config->topic &&
        !gcp_subscription_create(source->gcp, config->subscription, config->topic, &options, err)) {
        if (err->status != ERR_CONFLICT)
            return false;
        *err = (struct err){0}; /* it is there already */
    }
    return gcp_subscription_get(source->gcp, config->subscription, found, err);
}

/* A name that Pub/Sub will never take ends the program: as a signal would, which main waits for. */
static bool is_hopeless(struct source *source, const struct err *err)
{
    if (err->status != ERR_INPUT)
        return false;
    pthread_mutex_lock(&source->lock);
    source->failure = *err;
    pthread_mutex_unlock(&source->lock);
    kill(getpid(), SIGTERM);
    return true;
}

/* False when the source is stopping. */
static bool await_subscription(struct source *source)
{
    struct gcp_subscription found = {0};
    struct err err = {0};
    for (int failures = 0; !find_subscription(source, &found, &err); err = (struct err){0})
        if (is_hopeless(source, &err) ||
            !pause_after(source, "open the subscription", &err, &failures))
            return false;

    pthread_mutex_lock(&source->lock);
    bool first = !source->subscription.name;
    if (first)
        source->subscription = found;
    pthread_mutex_unlock(&source->lock);
    if (first)
        log_info("pulling %s of %s for %s", found.name, found.topic, source->config->sink);
    else
        gcp_subscription_done(&found);
    return true;
}

/* Waits until messages may be pulled, and says how many; 0 when the source is stopping. A few only
 * are not worth a call. */
static int await_room(struct source *source)
{
    size_t worthwhile = (source->config->max_messages + 3) / 4;
    pthread_mutex_lock(&source->lock);
    while (!source->stopping && flow_room(&source->flow) < worthwhile)
        pthread_cond_wait(&source->changed, &source->lock);
    size_t room = source->stopping ? 0 : flow_room(&source->flow);
    pthread_mutex_unlock(&source->lock);
    return room < MOST_PULLED ? (int)room : MOST_PULLED;
}

static void take_all(struct source *source, struct gcp_messages *messages)
{
    int64_t now_ns = time_monotonic_ns();
    pthread_mutex_lock(&source->lock);
    for (size_t i = 0; i < messages->count; i++)
        flow_take(&source->flow, &messages->list[i], now_ns, &source->back);
    if (source->stopping)
        flow_give_up(&source->flow, &source->back);
    pthread_cond_signal(&source->returned);
    pthread_mutex_unlock(&source->lock);
    source_deliver(source);
}

/* After a pull has failed; false when the source is stopping. */
static bool recover(struct source *source, const struct err *err, int *failures)
{
    return pause_after(source, "pull", err, failures) &&
           (err->status != ERR_NOT_FOUND || await_subscription(source));
}

static void *pull_all(void *context)
{
    struct source *source = context;
    int failures = 0, most;
    if (!await_subscription(source))
        return NULL;
    while ((most = await_room(source))) {
        struct gcp_messages messages = {0};
        struct err err = {0};
        bool pulled = gcp_pull(source->gcp, source->subscription.name, most, &messages, &err);
        if (pulled) {
            failures = 0;
            take_all(source, &messages);
        }
        gcp_messages_done(&messages);
        if (!pulled && !recover(source, &err, &failures))
            return NULL;
    }
    return NULL;
}

/* ---- answering ----------------------------------------------------------------------------- */

/* Tells Pub/Sub about those at the front of the list that share one answer, and moves them to told.
 */
static void tell_some(struct source *source, struct held **list, struct held **told)
{
    const char *ids[MOST_ANSWERED];
    size_t count = 0;
    int again_sec = (*list)->again_sec;
    struct held *held, *next;
    DL_FOREACH_SAFE(*list, held, next)
    {
        if (held->again_sec != again_sec || count == COUNT(ids))
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

static void *answer_all(void *context)
{
    struct source *source = context;
    pthread_mutex_lock(&source->lock);
    for (;;) {
        while (!source->back)
            pthread_cond_wait(&source->returned, &source->lock);
        struct held *list = source->back, *told = NULL, *held, *next;
        source->back = NULL;
        pthread_mutex_unlock(&source->lock);

        while (list)
            tell_some(source, &list, &told);

        pthread_mutex_lock(&source->lock);
        DL_FOREACH_SAFE(told, held, next)
        {
            flow_release(&source->flow, held);
        }
        pthread_cond_broadcast(&source->changed);
    }
    return NULL;
}

/* ---- keeping ------------------------------------------------------------------------------- */

/* Copies the ids of the messages that have been in hand for some time. With the lock held. */
static char **ids_in_hand(const struct flow *flow, int64_t before_ns, size_t *count)
{
    char **ids = must_alloc(flow->messages * sizeof(*ids));
    *count = 0;
    struct held *held;
    DL_FOREACH2(flow->all, held, behind)
    {
        if (!held->answered && held->pulled_ns <= before_ns)
            ids[(*count)++] = str_copy(held->message.ack_id);
    }
    return ids;
}

static void extend(struct source *source, char **ids, size_t count, int seconds)
{
    for (size_t from = 0; from < count; from += MOST_ANSWERED) {
        size_t some = count - from < MOST_ANSWERED ? count - from : MOST_ANSWERED;
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
static void *keep_all(void *context)
{
    struct source *source = context;
    for (int seconds = 1;;) {
        sleep_sec(seconds);
        pthread_mutex_lock(&source->lock);
        int deadline_sec = source->subscription.ack_deadline_sec; /* 0: not found yet */
        seconds = deadline_sec < 3 ? 1 : deadline_sec / 3;
        int64_t now_ns = time_monotonic_ns();
        size_t count;
        char **ids = ids_in_hand(&source->flow, now_ns - (int64_t)seconds * NS_PER_SEC, &count);
        flow_sweep(&source->flow, now_ns);
        pthread_mutex_unlock(&source->lock);

        extend(source, ids, count, deadline_sec);
        for (size_t i = 0; i < count; i++)
            free(ids[i]);
        free(ids);
    }
    return NULL;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static bool start_thread(void *(*run)(void *), struct source *source, struct err *err)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, source) != 0)
        return err_set(err, ERR_UNAVAILABLE, "cannot start a thread");
    pthread_detach(thread);
    return true;
}

static void await_signal(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    int signal;
    sigwait(&signals, &signal);
}

/* Waits for the deliveries under way, cuts those that take too long, and lets Pub/Sub know. */
static void drain(struct source *source)
{
    int64_t until_ns = from_now(DRAIN_SEC);
    pthread_mutex_lock(&source->lock);
    source->stopping = true;
    flow_give_up(&source->flow, &source->back);
    pthread_cond_signal(&source->returned);
    pthread_cond_broadcast(&source->changed);
    while (source->flow.sending && wait_until(source, until_ns))
        ;
    pthread_mutex_unlock(&source->lock);

    http_client_close(source->client);

    until_ns = from_now(RETURN_SEC);
    pthread_mutex_lock(&source->lock);
    while (source->flow.messages && wait_until(source, until_ns))
        ;
    size_t left = source->flow.messages;
    pthread_mutex_unlock(&source->lock);
    if (left)
        log_warning("%zu messages could not be returned; they will come again", left);
}

static void set_up(struct source *source, const struct source_config *config, struct gcp *gcp)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&source->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&source->returned, NULL);
    pthread_mutex_init(&source->lock, NULL);
    source->config = config;
    source->gcp = gcp;
    source->flow = (struct flow){.max_messages = config->max_messages,
                                 .max_bytes = config->max_bytes,
                                 .max_deliveries = config->max_deliveries};
}

bool source_run(const struct source_config *config, struct gcp *gcp, struct err *err)
{
    /* never freed: its threads end with the process */
    struct source *source = must_alloc(sizeof(*source));
    set_up(source, config, gcp);
    source->client = http_client_open(NULL, err);
    if (!source->client || !start_thread(answer_all, source, err) ||
        !start_thread(keep_all, source, err) || !start_thread(pull_all, source, err))
        return false;
    await_signal();
    drain(source);
    *err = source->failure;
    return err->status == 0;
}
