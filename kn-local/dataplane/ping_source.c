/* SPDX-License-Identifier: Apache-2.0 */
/* PingSource: events by the clock. */
#include "kn-local/dataplane/ping_source.h"

#include "base/json/jread.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "cloudevents/attributes.h"
#include "kn-local/schedule/cron.h"

#include <string.h>
#include <utlist.h>

/* What Knative's adapter does with a sink that fails: waits of 0.1, 0.2, 0.4, 0.8, 1.6 s. */
static const struct delivery_policy POLICY = {
    .retry = 5, .backoff = BACKOFF_EXPONENTIAL, .delay_ns = 100 * NS_PER_MS};

enum {
    MAX_SLEEP_SEC = 60,    /* the wall clock may be set meanwhile */
    MAX_CATCH_UP_SEC = 60, /* what should have fired before that is left out */
};

/* What it sends, and when. */
struct ping_spec {
    struct cron cron;
    struct time_zone *zone;
    struct sender_route *route;
    char *schedule, *timezone, *content_type, *overrides;
    struct buf data;
};

/* Held by its owner, by its timer, and by each event under way. */
struct ping_source {
    struct timer timer; /* first */
    atomic_uint refs;
    struct dataplane_io *io;
    struct sender_origin origin;
    char *ns, *name, *place, *source;

    pthread_mutex_t lock; /* guards what follows */
    struct ping_spec spec;
    int64_t next_sec; /* when it fires next; -1 = never */
    struct firing *firings;
    bool paused, stopped;
};

/* One event on its way. */
struct firing {
    struct sender sender;     /* first */
    struct ping_source *ping; /* held */
    bool waits;               /* to be tried again: its timer is set */
    struct firing *prev, *next, *next_waiting;
    struct header fields[];
};

static void spec_done(struct ping_spec *spec)
{
    timezone_close(spec->zone);
    if (spec->route)
        sender_route_release(spec->route);
    free(spec->schedule);
    free(spec->timezone);
    free(spec->content_type);
    free(spec->overrides);
    buf_done(&spec->data);
}

static inline void own_ping_spec(struct ping_spec *local)
{
    spec_done(local);
}

static void release(struct ping_source *ping)
{
    if (atomic_fetch_sub(&ping->refs, 1) > 1)
        return;
    spec_done(&ping->spec);
    pthread_mutex_destroy(&ping->lock);
    free(ping->ns);
    free(ping->name);
    free(ping->place);
    free(ping->source);
    free(ping);
}

static bool add_overrides(struct headers *fields, const char *overrides, struct err *err)
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
                              "is not a valid attribute name; want letters and digits");
        OWN(free) char *field = str_format("ce-%s", name);
        str_lower(field);
        if (!headers_set(fields, field, jread_str(&extensions, name)))
            return jread_fail(&extensions, name, "has a line break");
    }
    return jread_ok(&extensions);
}

static void new_id(struct dataplane_io *io, char id[37])
{
    unsigned char b[16];
    io->random_bytes(io->app, b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40); /* RFC 9562: version 4 */
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    snprintf(id, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}

/* The event of one firing. */
static struct event_message *new_event(const struct ping_source *ping, const struct ping_spec *spec,
                                       struct err *err)
{
    char id[37], time[TIMESTAMP_SIZE];
    new_id(ping->io, id);
    timestamp_format(ping->io->now_ns(ping->io->app), time);
    OWN(headers) struct headers fields = {0};
    headers_add(&fields, "ce-specversion", "1.0");
    headers_add(&fields, "ce-id", id);
    headers_add(&fields, "ce-source", ping->source);
    headers_add(&fields, "ce-type", "dev.knative.sources.ping");
    headers_add(&fields, "ce-time", time);
    if (spec->content_type && !headers_add(&fields, "Content-Type", spec->content_type)) {
        err_set(err, ERR_INPUT, "contentType has a line break");
        return NULL;
    }
    OWN(buf) struct buf data = {0};
    buf_add(&data, spec->data.data, spec->data.len);
    return add_overrides(&fields, spec->overrides, err)
               ? event_message_from_http(&fields, &data, err)
               : NULL;
}

static void on_time_to_retry(struct timer *timer)
{
    struct firing *firing = (struct firing *)timer;
    struct ping_source *ping = firing->ping;
    pthread_mutex_lock(&ping->lock);
    firing->waits = false;
    bool stopped = ping->stopped;
    pthread_mutex_unlock(&ping->lock);
    if (stopped)
        sender_abandon(&firing->sender, SENDER_GONE);
    else
        sender_attempt(&firing->sender);
}

static void on_ready(struct sender *sender, int64_t wait_ns)
{
    struct firing *firing = (struct firing *)sender;
    struct ping_source *ping = firing->ping;
    pthread_mutex_lock(&ping->lock);
    bool stopped = ping->stopped;
    firing->waits = !stopped;
    if (!stopped)
        ping->io->set_timer(ping->io->app, &sender->timer, wait_ns, on_time_to_retry);
    pthread_mutex_unlock(&ping->lock);
    if (stopped)
        sender_abandon(sender, SENDER_GONE);
}

static void on_request_ended(struct sender *sender)
{
    (void)sender;
}

/* As the adapter: 500 is not tried again. */
static bool is_retryable(int status)
{
    return status == 0 || status == 404 || status == 413 || status == 425 || status == 429 ||
           (status >= 502 && status <= 504);
}

static enum sender_result on_failure(struct sender *sender)
{
    struct ping_source *ping = ((struct firing *)sender)->ping;
    pthread_mutex_lock(&ping->lock);
    bool stopped = ping->stopped;
    pthread_mutex_unlock(&ping->lock);
    return stopped ? SENDER_GONE : SENDER_FAILED;
}

static void on_done(struct sender *sender, enum sender_result result)
{
    (void)result;
    struct firing *firing = (struct firing *)sender;
    struct ping_source *ping = firing->ping;
    pthread_mutex_lock(&ping->lock);
    DL_DELETE(ping->firings, firing);
    pthread_mutex_unlock(&ping->lock);
    free(firing);
    dataplane_io_end(ping->io);
    release(ping);
}

/* An event on its way; NULL when it cannot be created. Under the lock. */
static struct firing *new_firing(struct ping_source *ping)
{
    struct err err = {0}; /* such an event was created when the source was applied */
    OWN(event_message) struct event_message *event = new_event(ping, &ping->spec, &err);
    if (!event)
        return NULL;
    struct firing *firing =
        alloc_zeroed(sizeof(*firing) + sender_field_count(event) * sizeof(struct header));
    firing->ping = ping;
    atomic_fetch_add(&ping->refs, 1);
    dataplane_io_begin(ping->io);
    sender_init(&firing->sender, &ping->origin, ping->spec.route, event, firing->fields);
    DL_APPEND(ping->firings, firing);
    return firing;
}

static void on_time(struct timer *timer);

/* Under the lock. */
static void sleep_on(struct ping_source *ping)
{
    int64_t limit_ns = MAX_SLEEP_SEC * NS_PER_SEC;
    int64_t wait_ns = ping->next_sec < 0
                          ? limit_ns
                          : ping->next_sec * NS_PER_SEC - ping->io->now_ns(ping->io->app);
    if (wait_ns > limit_ns)
        wait_ns = limit_ns;
    ping->io->set_timer(ping->io->app, &ping->timer, wait_ns > 0 ? wait_ns : 1, on_time);
}

static int64_t next_after(const struct ping_source *ping, int64_t sec)
{
    return cron_next(&ping->spec.cron, ping->spec.zone, sec);
}

static void on_time(struct timer *timer)
{
    struct ping_source *ping = (struct ping_source *)timer;
    struct firing *firing = NULL;
    pthread_mutex_lock(&ping->lock);
    bool paused = ping->paused;
    int64_t now_sec = ping->io->now_ns(ping->io->app) / NS_PER_SEC;
    if (!paused && ping->next_sec >= 0 && now_sec >= ping->next_sec) {
        firing = new_firing(ping);
        /* from the last one on, so that none is left out when this is late */
        bool much_later = now_sec - ping->next_sec > MAX_CATCH_UP_SEC;
        ping->next_sec = next_after(ping, much_later ? now_sec - MAX_CATCH_UP_SEC : ping->next_sec);
    } else if (!paused) {
        int64_t soonest_sec = next_after(ping, now_sec);
        if (ping->next_sec < 0 || soonest_sec < ping->next_sec) /* the clock was set back */
            ping->next_sec = soonest_sec;
    }
    if (!paused)
        sleep_on(ping);
    pthread_mutex_unlock(&ping->lock);
    if (firing)
        sender_attempt(&firing->sender);
    if (paused)
        release(ping);
}

static bool read_spec(const struct ping_source *ping, const char *root,
                      const struct runtime_ping *from, struct ping_spec *spec, struct err *err)
{
    static const struct runtime_destination nowhere = {0};
    if (!cron_parse(from->schedule, &spec->cron, err) ||
        !(spec->zone = timezone_open(from->timezone, err)))
        return false;
    spec->route = sender_route_new(&from->sink, &nowhere, &nowhere, &POLICY, root);
    spec->schedule = str_copy(from->schedule);
    spec->timezone = str_copy(from->timezone);
    spec->content_type = str_copy(from->content_type);
    spec->overrides = str_copy(from->overrides);
    buf_add(&spec->data, from->data.data, from->data.len);
    OWN(event_message) struct event_message *trial = new_event(ping, spec, err);
    return trial != NULL;
}

static bool same_times(const struct ping_spec *a, const struct ping_spec *b)
{
    return str_equal(a->schedule, b->schedule) && str_equal(a->timezone, b->timezone);
}

struct ping_source *ping_source_start(struct dataplane_io *io, const char *root,
                                      const struct runtime_ping *spec, struct err *err)
{
    const char *slash = strchr(spec->name, '/');
    struct ping_source *ping = alloc_zeroed(sizeof(*ping));
    atomic_init(&ping->refs, 1);
    pthread_mutex_init(&ping->lock, NULL);
    ping->io = io;
    ping->ns = str_copy(spec->ns);
    ping->name = str_copy(spec->name);
    ping->place = str_format("%s/%s", spec->ns, spec->name);
    ping->source = str_format("/apis/v1/namespaces/%s/pingsources/%s", spec->ns,
                              slash ? slash + 1 : spec->name);
    ping->origin = (struct sender_origin){
        .io = io,
        .about = {RESOURCE_SOURCE, ping->ns, ping->name},
        .place = ping->place,
        .delivered = HOP_SENT,
        .is_retryable = is_retryable,
        .ready = on_ready,
        .request_ended = on_request_ended,
        .on_failure = on_failure,
        .done = on_done,
    };
    if (!read_spec(ping, root, spec, &ping->spec, err)) {
        release(ping);
        return NULL;
    }
    atomic_fetch_add(&ping->refs, 1); /* the timer's */
    pthread_mutex_lock(&ping->lock);
    ping->next_sec = next_after(ping, io->now_ns(io->app) / NS_PER_SEC);
    sleep_on(ping);
    pthread_mutex_unlock(&ping->lock);
    return ping;
}

bool ping_source_change(struct ping_source *ping, const char *root, const struct runtime_ping *from,
                        struct err *err)
{
    OWN(ping_spec) struct ping_spec spec = {0};
    if (!read_spec(ping, root, from, &spec, err))
        return false;
    pthread_mutex_lock(&ping->lock);
    struct ping_spec old = ping->spec;
    ping->spec = spec;
    spec = old;
    if (!same_times(&ping->spec, &old)) {
        ping->next_sec = next_after(ping, ping->io->now_ns(ping->io->app) / NS_PER_SEC);
        if (!ping->paused)
            sleep_on(ping);
    }
    pthread_mutex_unlock(&ping->lock);
    return true;
}

void ping_source_pause(struct ping_source *ping)
{
    pthread_mutex_lock(&ping->lock);
    bool cancelled = !ping->paused && ping->io->cancel_timer(ping->io->app, &ping->timer);
    ping->paused = true;
    pthread_mutex_unlock(&ping->lock);
    if (cancelled)
        release(ping);
}

void ping_source_stop(struct ping_source *ping)
{
    struct firing *firing, *next, *waiting = NULL;
    ping_source_pause(ping);
    pthread_mutex_lock(&ping->lock);
    ping->stopped = true;
    DL_FOREACH_SAFE(ping->firings, firing, next)
    {
        if (!firing->waits || !ping->io->cancel_timer(ping->io->app, &firing->sender.timer))
            continue;
        firing->waits = false;
        firing->next_waiting = waiting;
        waiting = firing;
    }
    pthread_mutex_unlock(&ping->lock);
    while (waiting) {
        firing = waiting;
        waiting = firing->next_waiting;
        sender_abandon(&firing->sender, SENDER_GONE);
    }
    release(ping);
}
