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

enum { LONGEST_SLEEP_SEC = 60 }; /* the wall clock may be set meanwhile */

/* Held by its owner, by its timer, and by each strike. */
struct ping {
    struct timer timer; /* first */
    atomic_uint refs;
    atomic_bool ended;
    struct world *world;
    struct cron cron;
    struct zone *zone;
    struct target sink;
    char *place;
    int64_t next_sec; /* when it strikes next; -1 = never */
    char *ns, *name, *content_type, *overrides;
    struct buf data;
};

/* One event on its way. */
struct strike {
    struct timer timer; /* first */
    struct ping *ping;  /* held */
    struct parcel *parcel;
    struct http_call call;
    int attempt;
    int64_t began_ns;
};

static void ping_release(struct ping *ping)
{
    if (atomic_fetch_sub(&ping->refs, 1) > 1)
        return;
    zone_close(ping->zone);
    target_done(&ping->sink);
    buf_done(&ping->data);
    free(ping->place);
    free(ping->ns);
    free(ping->name);
    free(ping->content_type);
    free(ping->overrides);
    free(ping);
}

/* ---- the event ----------------------------------------------------------------------------- */

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

struct parcel *ping_event(const struct runtime_ping *from, struct err *err)
{
    const char *slash = strchr(from->name, '/');
    OWN(free) char *source = str_format("/apis/v1/namespaces/%s/pingsources/%s", from->ns,
                                        slash ? slash + 1 : from->name);
    OWN(ce_event) struct ce_event event = {0};
    ce_event_new(&event, source, "dev.knative.sources.ping", from->content_type, from->data);
    return set_overrides(&event, from->overrides, err) ? parcel_from_event(&event, from->ns) : NULL;
}

/* ---- one event on its way ------------------------------------------------------------------ */

static void strike_free(struct strike *strike)
{
    parcel_release(strike->parcel);
    ping_release(strike->ping);
    free(strike);
}

static void note(const struct strike *strike, enum hop hop, int status)
{
    const struct ping *ping = strike->ping;
    if (ping->world->journal)
        journal_write(ping->world->journal,
                      &(struct journal_note){
                          .hop = hop,
                          .id = strike->parcel->id,
                          .place = ping->place,
                          .peer = ping->sink.url,
                          .status = status,
                          .attempt = strike->attempt,
                          .latency_ns = time_monotonic_ns() - strike->began_ns,
                      });
}

static void tell_dropped(const struct strike *strike, int status)
{
    struct ping *ping = strike->ping;
    OWN(free) char *message = str_format("event %s was dropped: %s answered %d", strike->parcel->id,
                                         ping->sink.url, status);
    struct runtime_event event = {.about = {RUNTIME_SOURCE, ping->ns, ping->name},
                                  .warning = true,
                                  .reason = "EventDropped",
                                  .message = message};
    if (ping->world->tell)
        ping->world->tell(ping->world, &event);
}

static void send_strike(struct timer *timer);

static void on_ended(struct http_answer *answer, const struct err *err, void *context)
{
    (void)err;
    struct strike *strike = context;
    struct delivery_result result = {.status = answer ? answer->status : 0};
    struct delivery_step step = delivery_next(&POLICY, strike->attempt, &result, time_now_ns());
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
    struct strike *strike = (struct strike *)timer;
    struct ping *ping = strike->ping;
    strike->began_ns = time_monotonic_ns();
    strike->call = (struct http_call){.method = "POST",
                                      .headers = &strike->parcel->headers,
                                      .body = buf_bytes(&strike->parcel->body)};
    ping->world->send(ping->world, &ping->sink, &strike->call, on_ended, strike);
}

static struct runtime_ping description(const struct ping *ping)
{
    return (struct runtime_ping){.ns = ping->ns,
                                 .name = ping->name,
                                 .content_type = ping->content_type,
                                 .data = buf_bytes(&ping->data),
                                 .overrides = ping->overrides};
}

static void strike_now(struct ping *ping)
{
    struct err err = {0}; /* the same event could be made when the source was applied */
    struct runtime_ping from = description(ping);
    struct parcel *parcel = ping_event(&from, &err);
    if (!parcel)
        return;
    struct strike *strike = must_alloc(sizeof(*strike));
    strike->ping = ping;
    strike->parcel = parcel;
    atomic_fetch_add(&ping->refs, 1);
    send_strike(&strike->timer);
}

/* ---- the clock ----------------------------------------------------------------------------- */

static void on_time(struct timer *timer);

static void sleep_on(struct ping *ping)
{
    int64_t limit_ns = LONGEST_SLEEP_SEC * (int64_t)NS_PER_SEC;
    int64_t wait_ns = ping->next_sec < 0 ? limit_ns : ping->next_sec * NS_PER_SEC - time_now_ns();
    if (wait_ns > limit_ns)
        wait_ns = limit_ns;
    ping->world->later(ping->world, &ping->timer, wait_ns > 0 ? wait_ns : 1, on_time);
}

static void on_time(struct timer *timer)
{
    struct ping *ping = (struct ping *)timer;
    if (atomic_load(&ping->ended)) {
        ping_release(ping);
        return;
    }
    int64_t now_sec = time_now_ns() / NS_PER_SEC;
    if (ping->next_sec >= 0 && now_sec >= ping->next_sec)
        strike_now(ping);
    ping->next_sec = cron_next(&ping->cron, ping->zone, now_sec);
    sleep_on(ping);
}

struct ping *ping_new(struct world *world, const char *root, const struct runtime_ping *from,
                      struct err *err)
{
    struct cron cron;
    OWN(zone) struct zone *zone = NULL;
    OWN(parcel) struct parcel *trial = NULL;
    if (!cron_parse(from->schedule, &cron, err) || !(zone = zone_open(from->timezone, err)) ||
        !(trial = ping_event(from, err)))
        return NULL;

    struct ping *ping = must_alloc(sizeof(*ping));
    atomic_init(&ping->refs, 1);
    ping->world = world;
    ping->cron = cron;
    ping->zone = give(&zone);
    target_copy(&from->sink, root, &ping->sink);
    ping->place = str_format("%s/%s", from->ns, from->name);
    ping->ns = str_copy(from->ns);
    ping->name = str_copy(from->name);
    ping->content_type = str_copy(from->content_type);
    ping->overrides = str_copy(from->overrides);
    buf_add(&ping->data, from->data.data, from->data.len);
    return ping;
}

void ping_begin(struct ping *ping)
{
    atomic_fetch_add(&ping->refs, 1); /* the timer's */
    ping->next_sec = cron_next(&ping->cron, ping->zone, time_now_ns() / NS_PER_SEC);
    sleep_on(ping);
}

void ping_end(struct ping *ping)
{
    atomic_store(&ping->ended, true);
    if (ping->world->take_back(ping->world, &ping->timer))
        ping_release(ping);
    ping_release(ping);
}
