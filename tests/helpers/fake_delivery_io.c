/* SPDX-License-Identifier: Apache-2.0 */
/* A world for deliveries in which nothing happens by itself. */
#include "tests/helpers/fake_delivery_io.h"

#include "base/str.h"
#include "tests/helpers/test.h"

static void send_call(struct delivery_io *world, const struct resolved_address *to,
                      struct http_call *call, http_client_callback *ended, void *context)
{
    struct fake_delivery_io *fake = (struct fake_delivery_io *)world;
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

static void later(struct delivery_io *world, struct timer *timer, int64_t wait_ns,
                  void (*fire)(struct timer *timer))
{
    struct fake_delivery_io *fake = (struct fake_delivery_io *)world;
    timer->fire = fire;
    timer->node.position = 1;
    fake->timer = timer;
    fake->waits_ns[fake->wait_count++] = wait_ns;
}

static bool cancel(struct delivery_io *world, struct timer *timer)
{
    struct fake_delivery_io *fake = (struct fake_delivery_io *)world;
    bool set = timer->node.position != 0;
    timer->node.position = 0;
    if (fake->timer == timer)
        fake->timer = NULL;
    return set;
}

static void tell(struct delivery_io *world, const struct resource_event *event)
{
    str_replace(&((struct fake_delivery_io *)world)->told,
                str_format("%s %s: %s", event->reason, event->about.name, event->message));
}

struct fake_delivery_io *fake_delivery_io_new(void)
{
    struct err err = {0};
    struct fake_delivery_io *fake = alloc_zeroed(sizeof(*fake));
    fake->world =
        (struct delivery_io){.send = send_call, .later = later, .cancel = cancel, .tell = tell};
    fake->world.journal = trace_log_open(NULL, &err);
    pthread_mutex_init(&fake->lock, NULL);
    pthread_cond_init(&fake->changed, NULL);
    return fake;
}

void fake_delivery_io_free(struct fake_delivery_io *fake)
{
    for (size_t i = 0; i < fake->count; i++) {
        free(fake->calls[i].url);
        free(fake->calls[i].id);
        headers_done(&fake->calls[i].headers);
        buf_done(&fake->calls[i].body);
    }
    trace_log_close(fake->world.journal);
    pthread_mutex_destroy(&fake->lock);
    pthread_cond_destroy(&fake->changed);
    free(fake->told);
    free(fake);
}

struct fake_http_call *fake_await_call(struct fake_delivery_io *fake, size_t number)
{
    pthread_mutex_lock(&fake->lock);
    while (fake->count < number)
        pthread_cond_wait(&fake->changed, &fake->lock);
    pthread_mutex_unlock(&fake->lock);
    return &fake->calls[number - 1];
}

void fake_respond_with(struct fake_http_call *call, int status, const char *const *fields,
                       struct bytes body)
{
    http_client_callback *ended = call->ended;
    EXPECT(ended != NULL);
    call->ended = NULL;
    struct err err = {0};
    if (!status) {
        err_set(&err, ERR_UNAVAILABLE, "cannot connect to %s", call->url);
        ended(NULL, &err, call->context);
        return;
    }
    OWN(http_response) struct http_response answer = {.status = status};
    for (; fields && *fields; fields += 2)
        headers_add(&answer.headers, fields[0], fields[1]);
    buf_add(&answer.body, body.data, body.len);
    ended(&answer, &err, call->context);
}

void fake_respond(struct fake_http_call *call, int status)
{
    fake_respond_with(call, status, NULL, (struct bytes){0});
}

void fake_fire_timer(struct fake_delivery_io *fake)
{
    struct timer *timer = move_ptr(&fake->timer);
    EXPECT(timer != NULL);
    timer->node.position = 0;
    timer->fire(timer);
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
    headers_add(&headers, "Authorization", "Bearer secret");
    headers_add(&headers, "Cookie", "a=b");
    headers_add(&headers, "X-Forwarded-For", "10.0.0.1");
    OWN(buf) struct buf body = {0};
    buf_add_format(&body, "data of %s", id);
    struct event_message *parcel = event_message_from_http(&headers, &body, "default", &err);
    EXPECT(parcel != NULL);
    event_message_request_reply(parcel);
    return parcel;
}

void fake_outcome_init(struct fake_outcome *outcome)
{
    *outcome = (struct fake_outcome){0};
    pthread_mutex_init(&outcome->lock, NULL);
    pthread_cond_init(&outcome->changed, NULL);
}

static void settled(struct event_message *parcel, bool all_well, void *context)
{
    (void)parcel;
    struct fake_outcome *outcome = context;
    pthread_mutex_lock(&outcome->lock);
    outcome->times++;
    outcome->well = all_well;
    pthread_cond_broadcast(&outcome->changed);
    pthread_mutex_unlock(&outcome->lock);
}

void fake_outcome_watch(struct event_message *parcel, struct fake_outcome *outcome)
{
    parcel->settled = settled;
    parcel->context = outcome;
}

void fake_outcome_wait(struct fake_outcome *outcome, int times)
{
    pthread_mutex_lock(&outcome->lock);
    while (outcome->times < times)
        pthread_cond_wait(&outcome->changed, &outcome->lock);
    pthread_mutex_unlock(&outcome->lock);
}
