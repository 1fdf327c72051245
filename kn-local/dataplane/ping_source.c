/* SPDX-License-Identifier: Apache-2.0 */
/* PingSource: events by the clock. */
#include "kn-local/dataplane/ping_source.h"

#include "base/json/jread.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "cloudevents/attributes.h"
#include "cloudevents/delivery_policy.h"
#include "kn-local/schedule/cron.h"

#include <string.h>

/* What Knative's adapter does with a sink that fails. */
static const struct delivery_policy POLICY = {
    .retry = 5, .backoff = BACKOFF_EXPONENTIAL, .delay_ns = 50 * NS_PER_MS};

enum { MAX_SLEEP_SEC = 60 }; /* the wall clock may be set meanwhile */

/* Held by its owner, by its timer, and by each strike. */
struct ping_source {
    struct timer timer; /* first */
    atomic_uint refs;
    atomic_bool ended;
    struct delivery_io *world;
    struct cron cron;
    struct time_zone *zone;
    struct resolved_address sink;
    char *place;
    int64_t next_sec; /* when it strikes next; -1 = never */
    char *ns, *name, *content_type, *overrides;
    struct buf data;
};

/* One event on its way. */
struct tick {
    struct timer timer;       /* first */
    struct ping_source *ping; /* held */
    struct event_message *parcel;
    struct http_call call;
    int attempt;
    int64_t began_ns;
};

static void ping_source_release(struct ping_source *ping)
{
    if (atomic_fetch_sub(&ping->refs, 1) > 1)
        return;
    timezone_close(ping->zone);
    address_resolved_done(&ping->sink);
    buf_done(&ping->data);
    free(ping->place);
    free(ping->ns);
    free(ping->name);
    free(ping->content_type);
    free(ping->overrides);
    free(ping);
}

static bool set_overrides(struct ce_event *event, const char *overrides, struct err *err)
{
    if (str_empty(overrides))
        return true;
    json_auto_t *tree = json_from_bytes(bytes_of(overrides), "ceOverrides", ERR_INPUT, err);
    struct jread all = jread_open(tree, "ceOverrides", ERR_INPUT, err);
    struct jread extensions = jread_obj_or_empty(&all, "extensions");
    if (!tree || !jread_ok(&extensions))
        return false;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)extensions.here, name, value)
    {
        if (!ce_name_valid(name))
            return jread_fail(&extensions, name,
                              "is no name of an attribute: want letters and "
                              "digits");
        ce_set_extension(event, name, jread_str(&extensions, name));
    }
    return jread_ok(&extensions) && ce_event_valid(event, err);
}

struct event_message *ping_source_event(const struct runtime_ping *from, struct err *err)
{
    const char *slash = strchr(from->name, '/');
    OWN(free) char *source = str_format("/apis/v1/namespaces/%s/pingsources/%s", from->ns,
                                        slash ? slash + 1 : from->name);
    OWN(ce_event) struct ce_event event = {0};
    ce_event_new(&event, source, "dev.knative.sources.ping", from->content_type, from->data);
    return set_overrides(&event, from->overrides, err) ? event_message_from_event(&event, from->ns)
                                                       : NULL;
}

static void strike_free(struct tick *strike)
{
    event_message_release(strike->parcel);
    ping_source_release(strike->ping);
    free(strike);
}

static void note(const struct tick *strike, enum trace_hop_kind hop, int status)
{
    const struct ping_source *ping = strike->ping;
    if (ping->world->journal)
        trace_log_write(ping->world->journal,
                        &(struct trace_record){
                            .hop = hop,
                            .id = strike->parcel->id,
                            .place = ping->place,
                            .peer = ping->sink.url,
                            .status = status,
                            .attempt = strike->attempt,
                            .latency_ns = timestamp_monotonic_ns() - strike->began_ns,
                        });
}

static void tell_dropped(const struct tick *strike, int status)
{
    struct ping_source *ping = strike->ping;
    OWN(free) char *message = str_format("event %s was dropped: %s answered %d", strike->parcel->id,
                                         ping->sink.url, status);
    struct resource_event event = {.about = {RESOURCE_SOURCE, ping->ns, ping->name},
                                   .warning = true,
                                   .reason = "EventDropped",
                                   .message = message};
    if (ping->world->tell)
        ping->world->tell(ping->world, &event);
}

static void send_strike(struct timer *timer);

static void on_ended(struct http_response *answer, const struct err *err, void *context)
{
    (void)err;
    struct tick *strike = context;
    struct delivery_result result = {.status = answer ? answer->status : 0};
    struct delivery_step step =
        delivery_policy_next(&POLICY, strike->attempt, &result, timestamp_now_ns());
    if (step.verdict == TRY_AGAIN && !atomic_load(&strike->ping->ended)) {
        note(strike, HOP_RETRIED, result.status);
        strike->attempt++;
        strike->ping->world->later(strike->ping->world, &strike->timer, step.wait_ns, send_strike);
        return;
    }
    note(strike, step.verdict == DELIVERED ? HOP_SENT : HOP_DROPPED, result.status);
    if (step.verdict != DELIVERED)
        tell_dropped(strike, result.status);
    strike_free(strike);
}

static void send_strike(struct timer *timer)
{
    struct tick *strike = (struct tick *)timer;
    struct ping_source *ping = strike->ping;
    strike->began_ns = timestamp_monotonic_ns();
    strike->call = (struct http_call){.method = "POST",
                                      .headers = &strike->parcel->headers,
                                      .body = buf_bytes(&strike->parcel->body)};
    ping->world->send(ping->world, &ping->sink, &strike->call, on_ended, strike);
}

static struct runtime_ping description(const struct ping_source *ping)
{
    return (struct runtime_ping){.ns = ping->ns,
                                 .name = ping->name,
                                 .content_type = ping->content_type,
                                 .data = buf_bytes(&ping->data),
                                 .overrides = ping->overrides};
}

static void strike_now(struct ping_source *ping)
{
    struct err err = {0}; /* the same event could be made when the source was applied */
    struct runtime_ping from = description(ping);
    struct event_message *parcel = ping_source_event(&from, &err);
    if (!parcel)
        return;
    struct tick *strike = alloc_zeroed(sizeof(*strike));
    strike->ping = ping;
    strike->parcel = parcel;
    atomic_fetch_add(&ping->refs, 1);
    send_strike(&strike->timer);
}

static void on_time(struct timer *timer);

static void sleep_on(struct ping_source *ping)
{
    int64_t limit_ns = MAX_SLEEP_SEC * (int64_t)NS_PER_SEC;
    int64_t wait_ns =
        ping->next_sec < 0 ? limit_ns : ping->next_sec * NS_PER_SEC - timestamp_now_ns();
    if (wait_ns > limit_ns)
        wait_ns = limit_ns;
    ping->world->later(ping->world, &ping->timer, wait_ns > 0 ? wait_ns : 1, on_time);
}

static void on_time(struct timer *timer)
{
    struct ping_source *ping = (struct ping_source *)timer;
    if (atomic_load(&ping->ended)) {
        ping_source_release(ping);
        return;
    }
    int64_t now_sec = timestamp_now_ns() / NS_PER_SEC;
    if (ping->next_sec >= 0 && now_sec >= ping->next_sec)
        strike_now(ping);
    ping->next_sec = cron_next(&ping->cron, ping->zone, now_sec);
    sleep_on(ping);
}

struct ping_source *ping_source_new(struct delivery_io *world, const char *root,
                                    const struct runtime_ping *from, struct err *err)
{
    struct cron cron;
    OWN(time_zone) struct time_zone *zone = NULL;
    OWN(event_message) struct event_message *trial = NULL;
    if (!cron_parse(from->schedule, &cron, err) || !(zone = timezone_open(from->timezone, err)) ||
        !(trial = ping_source_event(from, err)))
        return NULL;

    struct ping_source *ping = alloc_zeroed(sizeof(*ping));
    atomic_init(&ping->refs, 1);
    ping->world = world;
    ping->cron = cron;
    ping->zone = move_ptr(&zone);
    address_resolve(&from->sink, root, &ping->sink);
    ping->place = str_format("%s/%s", from->ns, from->name);
    ping->ns = str_copy(from->ns);
    ping->name = str_copy(from->name);
    ping->content_type = str_copy(from->content_type);
    ping->overrides = str_copy(from->overrides);
    buf_add(&ping->data, from->data.data, from->data.len);
    return ping;
}

void ping_source_start(struct ping_source *ping)
{
    atomic_fetch_add(&ping->refs, 1); /* the timer's */
    ping->next_sec = cron_next(&ping->cron, ping->zone, timestamp_now_ns() / NS_PER_SEC);
    sleep_on(ping);
}

void ping_source_stop(struct ping_source *ping)
{
    atomic_store(&ping->ended, true);
    if (ping->world->cancel(ping->world, &ping->timer))
        ping_source_release(ping);
    ping_source_release(ping);
}
