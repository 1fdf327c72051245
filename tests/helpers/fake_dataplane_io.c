/* SPDX-License-Identifier: Apache-2.0 */
/* A world for the data plane in which nothing happens by itself. */
#include "tests/helpers/fake_dataplane_io.h"

#include "base/str.h"
#include "tests/helpers/test.h"

#include <string.h>

static int64_t now_ns(void *app)
{
    struct fake_dataplane_io *fake = app;
    pthread_mutex_lock(&fake->lock);
    int64_t now = fake->now_ns;
    pthread_mutex_unlock(&fake->lock);
    return now;
}

static void random_zeros(void *app, void *to, size_t len)
{
    (void)app;
    memset(to, 0, len);
}

static void remove_timer(struct fake_dataplane_io *fake, size_t index)
{
    fake->timer_count--;
    for (size_t i = index; i < fake->timer_count; i++) {
        fake->timers[i] = fake->timers[i + 1];
        fake->due_ns[i] = fake->due_ns[i + 1];
    }
}

static bool find_timer(const struct fake_dataplane_io *fake, const struct timer *timer,
                       size_t *index)
{
    for (*index = 0; *index < fake->timer_count; ++*index)
        if (fake->timers[*index] == timer)
            return true;
    return false;
}

static void set_timer(void *app, struct timer *timer, int64_t wait_ns,
                      void (*fire)(struct timer *timer))
{
    struct fake_dataplane_io *fake = app;
    size_t index;
    pthread_mutex_lock(&fake->lock);
    if (find_timer(fake, timer, &index))
        remove_timer(fake, index);
    EXPECT(fake->timer_count < FAKE_MAX_TIMERS);
    timer->fire = fire;
    fake->timers[fake->timer_count] = timer;
    fake->due_ns[fake->timer_count++] =
        wait_ns < INT64_MAX - fake->now_ns ? fake->now_ns + wait_ns : INT64_MAX;
    if (wait_ns && fake->wait_count < ARRAY_SIZE(fake->waits_ns))
        fake->waits_ns[fake->wait_count++] = wait_ns;
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->lock);
}

static bool cancel_timer(void *app, struct timer *timer)
{
    struct fake_dataplane_io *fake = app;
    size_t index;
    pthread_mutex_lock(&fake->lock);
    bool set = find_timer(fake, timer, &index);
    if (set)
        remove_timer(fake, index);
    pthread_mutex_unlock(&fake->lock);
    return set;
}

static void send_call(void *app, const struct resolved_address *to, struct http_call *call,
                      http_client_callback *ended, void *context)
{
    struct fake_dataplane_io *fake = app;
    pthread_mutex_lock(&fake->lock);
    EXPECT(fake->count < FAKE_MAX_CALLS);
    struct fake_http_call *kept = &fake->calls[fake->count++];
    *kept = (struct fake_http_call){.url = str_copy(to->url),
                                    .timeout_ms = call->timeout_ms,
                                    .ended = ended,
                                    .context = context};
    headers_copy(&kept->headers, call->headers);
    kept->id = str_copy(headers_get(call->headers, "ce-id"));
    buf_add(&kept->body, call->body.data, call->body.len);
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->lock);
}

static uint64_t disk_free(void *app)
{
    struct fake_dataplane_io *fake = app;
    pthread_mutex_lock(&fake->lock);
    uint64_t bytes = fake->disk_free;
    pthread_mutex_unlock(&fake->lock);
    return bytes;
}

static void publish(void *app, const struct resource_event *event)
{
    struct fake_dataplane_io *fake = app;
    str_replace(&fake->published,
                str_format("%s %s: %s", event->reason, event->about.name, event->message));
}

static bool take(void *plane, const struct resolved_address *to, struct event_message *event,
                 struct receipt *receipt)
{
    struct fake_dataplane_io *fake = plane;
    for (size_t i = 0; i < ARRAY_SIZE(fake->channels); i++) {
        if (!fake->channels[i] || !str_equal(fake->channels[i]->name, to->name))
            continue;
        channel_take(fake->channels[i], event, receipt);
        return true;
    }
    return false;
}

struct fake_dataplane_io *fake_dataplane_io_new(void)
{
    struct err err = {0};
    struct fake_dataplane_io *fake = alloc_zeroed(sizeof(*fake));
    fake->io = (struct dataplane_io){.app = fake,
                                     .now_ns = now_ns,
                                     .monotonic_ns = now_ns,
                                     .random_bytes = random_zeros,
                                     .set_timer = set_timer,
                                     .cancel_timer = cancel_timer,
                                     .send = send_call,
                                     .disk_free = disk_free,
                                     .publish = publish,
                                     .take = take,
                                     .plane = fake};
    fake->io.trace = trace_log_open(NULL, &err);
    fake->disk_free = UINT64_C(1) << 40;
    pthread_mutex_init(&fake->io.inflight.lock, NULL);
    pthread_cond_init(&fake->io.inflight.ended, NULL);
    pthread_mutex_init(&fake->lock, NULL);
    pthread_cond_init(&fake->changed, NULL);
    return fake;
}

void fake_dataplane_io_free(struct fake_dataplane_io *fake)
{
    EXPECT_INT(atomic_load(&fake->io.inflight.count), 0);
    for (size_t i = 0; i < fake->count; i++) {
        free(fake->calls[i].url);
        free(fake->calls[i].id);
        headers_done(&fake->calls[i].headers);
        buf_done(&fake->calls[i].body);
    }
    trace_log_close(fake->io.trace);
    pthread_mutex_destroy(&fake->lock);
    pthread_cond_destroy(&fake->changed);
    free(fake->published);
    free(fake);
}

/* Takes out the first timer, when it is due. Under the lock. */
static struct timer *take_timer(struct fake_dataplane_io *fake, bool due_now)
{
    size_t first = 0;
    for (size_t i = 1; i < fake->timer_count; i++)
        if (fake->due_ns[i] < fake->due_ns[first])
            first = i;
    if (!fake->timer_count || (due_now && fake->due_ns[first] > fake->now_ns))
        return NULL;
    struct timer *timer = fake->timers[first];
    if (fake->due_ns[first] > fake->now_ns)
        fake->now_ns = fake->due_ns[first];
    remove_timer(fake, first);
    return timer;
}

static bool fire(struct fake_dataplane_io *fake, bool due_now)
{
    pthread_mutex_lock(&fake->lock);
    struct timer *timer = take_timer(fake, due_now);
    pthread_mutex_unlock(&fake->lock);
    if (timer)
        timer->fire(timer);
    return timer != NULL;
}

bool fake_fire_timer(struct fake_dataplane_io *fake)
{
    return fire(fake, false);
}

void fake_run_due(struct fake_dataplane_io *fake)
{
    while (fire(fake, true))
        ;
}

struct fake_http_call *fake_await_call(struct fake_dataplane_io *fake, size_t number)
{
    fake_run_due(fake);
    pthread_mutex_lock(&fake->lock);
    while (fake->count < number) {
        pthread_cond_wait(&fake->changed, &fake->lock);
        pthread_mutex_unlock(&fake->lock);
        fake_run_due(fake);
        pthread_mutex_lock(&fake->lock);
    }
    pthread_mutex_unlock(&fake->lock);
    return &fake->calls[number - 1];
}

static void respond(struct fake_http_call *call, struct http_response *response)
{
    http_client_callback *ended = call->ended;
    EXPECT(ended != NULL);
    call->ended = NULL;
    struct err err = {0};
    if (!response->status)
        err_set(&err, ERR_UNAVAILABLE, "cannot connect to %s", call->url);
    ended(response->status ? response : NULL, &err, call->context);
}

void fake_respond_with(struct fake_http_call *call, int status, const char *const *fields,
                       struct bytes body)
{
    OWN(http_response) struct http_response response = {.status = status};
    for (; fields && *fields; fields += 2)
        headers_add(&response.headers, fields[0], fields[1]);
    buf_add(&response.body, body.data, body.len);
    respond(call, &response);
}

void fake_respond(struct fake_http_call *call, int status)
{
    fake_respond_with(call, status, NULL, (struct bytes){0});
}

void fake_respond_incomplete(struct fake_http_call *call, int status)
{
    OWN(http_response) struct http_response response = {.status = status, .body_lost = true};
    respond(call, &response);
}

struct event_message *fake_event(const char *id)
{
    struct err err = {0};
    OWN(headers) struct headers headers = {0};
    headers_add(&headers, "ce-specversion", "1.0");
    headers_add(&headers, "ce-type", "test");
    headers_add(&headers, "ce-source", "/test");
    headers_add(&headers, "ce-id", id);
    headers_add(&headers, "Content-Type", "text/plain");
    headers_add(&headers, "X-Request-Id", "r-1");
    headers_add(&headers, "X-B3-TraceId", "b-1");
    headers_add(&headers, "Knative-Own", "k-1");
    headers_add(&headers, "traceparent", "t-1");
    headers_add(&headers, "b3", "b3-1");
    headers_add(&headers, "Authorization", "Bearer secret");
    headers_add(&headers, "Cookie", "a=b");
    headers_add(&headers, "X-Forwarded-For", "10.0.0.1");
    OWN(buf) struct buf body = {0};
    buf_add_format(&body, "data of %s", id);
    struct event_message *event = event_message_from_http(&headers, &body, &err);
    EXPECT(event != NULL);
    return event;
}

struct fake_receipt {
    struct receipt receipt; /* first */
    struct fake_outcome *outcome;
};

void fake_outcome_init(struct fake_outcome *outcome)
{
    *outcome = (struct fake_outcome){0};
    pthread_mutex_init(&outcome->lock, NULL);
    pthread_cond_init(&outcome->changed, NULL);
}

static void answer(struct receipt *receipt, int status, const char *reason)
{
    (void)reason;
    struct fake_outcome *outcome = ((struct fake_receipt *)receipt)->outcome;
    pthread_mutex_lock(&outcome->lock);
    outcome->times++;
    outcome->status = status;
    pthread_cond_broadcast(&outcome->changed);
    pthread_mutex_unlock(&outcome->lock);
}

static bool is_wanted(struct receipt *receipt)
{
    return !((struct fake_receipt *)receipt)->outcome->unwanted;
}

static void free_receipt(struct receipt *receipt)
{
    free(receipt);
}

struct receipt *fake_receipt(struct fake_outcome *outcome)
{
    struct fake_receipt *receipt = alloc_zeroed(sizeof(*receipt));
    receipt_init(&receipt->receipt, answer, is_wanted, free_receipt);
    receipt->outcome = outcome;
    return &receipt->receipt;
}

void fake_outcome_wait(struct fake_outcome *outcome, int times)
{
    pthread_mutex_lock(&outcome->lock);
    while (outcome->times < times)
        pthread_cond_wait(&outcome->changed, &outcome->lock);
    pthread_mutex_unlock(&outcome->lock);
}
