/* SPDX-License-Identifier: Apache-2.0 */
/* Brings an event to a channel of this process. */
#include "kn-local/dataplane/forward.h"

#include "base/str.h"
#include "base/timestamp.h"

enum { REFUSED_WAIT_MS = 20 };

/* How far it has got. */
enum forward_state { FORWARD_WAITING, FORWARD_ANSWERED, FORWARD_TIMED_OUT };

/* Held by its sender until `ended` was called, and by the receipt that the channel has. */
struct forward {
    struct timer timer; /* first */
    atomic_uint refs;
    struct dataplane_io *io;
    const struct resolved_address *to;
    struct event_message *event; /* held */
    int64_t deadline_ns;
    http_client_callback *ended;
    void *context;

    pthread_mutex_t lock; /* guards what follows */
    enum forward_state state;
    int status;
    char reason[160];
};

struct forward_receipt {
    struct receipt receipt; /* first */
    struct forward *forward;
};

static void release(struct forward *forward)
{
    if (atomic_fetch_sub(&forward->refs, 1) > 1)
        return;
    event_message_release(forward->event);
    pthread_mutex_destroy(&forward->lock);
    free(forward);
}

static void finish(struct forward *forward, const struct err *err)
{
    OWN(http_response) struct http_response answer = {.status = forward->status};
    if (err) {
        forward->ended(NULL, err, forward->context);
    } else {
        if (answer.status >= 300)
            buf_add_format(&answer.body, "%s\n", forward->reason);
        forward->ended(&answer, &(struct err){0}, forward->context);
    }
    release(forward);
}

static void fire_answered(struct timer *timer)
{
    finish((struct forward *)timer, NULL);
}

static void fire_deadline(struct timer *timer)
{
    struct forward *forward = (struct forward *)timer;
    pthread_mutex_lock(&forward->lock);
    bool late = forward->state == FORWARD_WAITING;
    if (late)
        forward->state = FORWARD_TIMED_OUT;
    pthread_mutex_unlock(&forward->lock);
    if (!late)
        return; /* fire_answered comes */
    struct err err = {0};
    err_set(&err, ERR_UNAVAILABLE, "%s: the channel did not answer in time", forward->to->url);
    finish(forward, &err);
}

static void fire_take(struct timer *timer);

static void answer(struct receipt *receipt, int status, const char *reason)
{
    struct forward *forward = ((struct forward_receipt *)receipt)->forward;
    struct dataplane_io *io = forward->io;
    pthread_mutex_lock(&forward->lock);
    bool again = receipt->refused && status >= 500 && !atomic_load(&io->stopping);
    if (forward->state == FORWARD_WAITING && again) {
        io->set_timer(io->app, &forward->timer, REFUSED_WAIT_MS * NS_PER_MS, fire_take);
    } else if (forward->state == FORWARD_WAITING) {
        forward->state = FORWARD_ANSWERED;
        forward->status = status;
        snprintf(forward->reason, sizeof(forward->reason), "%s", reason ? reason : "");
        io->set_timer(io->app, &forward->timer, 0, fire_answered);
    }
    pthread_mutex_unlock(&forward->lock);
}

static bool is_wanted(struct receipt *receipt)
{
    struct forward *forward = ((struct forward_receipt *)receipt)->forward;
    pthread_mutex_lock(&forward->lock);
    bool wanted = forward->state == FORWARD_WAITING;
    pthread_mutex_unlock(&forward->lock);
    return wanted;
}

static void free_receipt(struct receipt *receipt)
{
    release(((struct forward_receipt *)receipt)->forward);
    free(receipt);
}

static void fire_take(struct timer *timer)
{
    struct forward *forward = (struct forward *)timer;
    struct dataplane_io *io = forward->io;
    int64_t left_ns = forward->deadline_ns - io->monotonic_ns(io->app);
    if (left_ns <= 0) {
        fire_deadline(timer);
        return;
    }
    struct forward_receipt *receipt = alloc_zeroed(sizeof(*receipt));
    receipt_init(&receipt->receipt, answer, is_wanted, free_receipt);
    receipt->forward = forward;
    atomic_fetch_add(&forward->refs, 1);

    /* set before the channel has it: the answer sets the same timer */
    io->set_timer(io->app, &forward->timer, left_ns, fire_deadline);
    if (io->take(io->plane, forward->to, forward->event, &receipt->receipt))
        return;
    OWN(free) char *reason =
        str_format("there is no channel %s in namespace %s", forward->to->name, forward->to->ns);
    receipt_answer(&receipt->receipt, ERR_NOT_FOUND, reason);
    receipt_settle(&receipt->receipt, ERR_NOT_FOUND, NULL);
}

void forward_send(struct dataplane_io *io, const struct resolved_address *to,
                  struct event_message *event, int64_t timeout_ns, http_client_callback *ended,
                  void *context)
{
    struct forward *forward = alloc_zeroed(sizeof(*forward));
    atomic_init(&forward->refs, 1);
    pthread_mutex_init(&forward->lock, NULL);
    forward->io = io;
    forward->to = to;
    forward->event = event_message_hold(event);
    int64_t now_ns = io->monotonic_ns(io->app);
    forward->deadline_ns = timeout_ns < INT64_MAX - now_ns ? now_ns + timeout_ns : INT64_MAX;
    forward->ended = ended;
    forward->context = context;
    io->set_timer(io->app, &forward->timer, 0, fire_take);
}
