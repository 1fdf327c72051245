/* SPDX-License-Identifier: Apache-2.0 */
/* What there is, by name, and how it is joined. */
#include "kn-local/dataplane/registry.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/dataplane/ping_source.h"

#include <string.h>
#include <time.h>
#include <uthash.h>

/* One thing. Which of the pointers is set goes with its kind. */
struct registry_entry {
    char *key; /* "0/default/pictures" */
    enum resource_kind kind;
    struct channel *channel;
    struct subscription *subscription;
    char *channel_key;        /* of a subscription */
    struct channel *attached; /* to which it is joined just now; held */
    struct revision *workload;
    struct ping_source *ping;
    UT_hash_handle hh;
};

struct registry {
    struct registry_options options;
    const char *root;
    struct event_log_writer *archive; /* NULL until the first channel on disk */
    pthread_mutex_t control;          /* one change at a time */
    pthread_rwlock_t names;           /* guards things; written under control */
    struct registry_entry *things;
};

struct registry *registry_open(const struct registry_options *options)
{
    struct registry *registry = alloc_zeroed(sizeof(*registry));
    registry->options = *options;
    pthread_mutex_init(&registry->control, NULL);
    pthread_rwlock_init(&registry->names, NULL);
    return registry;
}

void registry_set_root(struct registry *registry, const char *root)
{
    registry->root = root;
}

static char *key_of(enum resource_kind kind, const char *ns, const char *name)
{
    return str_format("%d/%s/%s", (int)kind, ns, name);
}

static struct registry_entry *find(const struct registry *registry, const char *key)
{
    struct registry_entry *thing;
    HASH_FIND_STR(registry->things, key, thing);
    return thing;
}

static struct registry_entry *find_named(const struct registry *registry, enum resource_kind kind,
                                         const char *ns, const char *name)
{
    char key[600]; /* names of Kubernetes are shorter; others are not found */
    int len = snprintf(key, sizeof(key), "%d/%s/%s", (int)kind, ns, name);
    return len > 0 && (size_t)len < sizeof(key) ? find(registry, key) : NULL;
}

/* Adds what from describes but for its key. */
static struct registry_entry *add(struct registry *registry, struct resource_id id,
                                  const struct registry_entry *from)
{
    struct registry_entry *thing = alloc_zeroed(sizeof(*thing));
    *thing = *from;
    thing->key = key_of(id.kind, id.ns, id.name);
    thing->kind = id.kind;
    pthread_rwlock_wrlock(&registry->names);
    HASH_ADD_KEYPTR(hh, registry->things, thing->key, strlen(thing->key), thing);
    pthread_rwlock_unlock(&registry->names);
    return thing;
}

static void take_out(struct registry *registry, struct registry_entry *thing)
{
    pthread_rwlock_wrlock(&registry->names);
    HASH_DEL(registry->things, thing);
    pthread_rwlock_unlock(&registry->names);
}

struct channel *registry_channel(struct registry *registry, const char *ns, const char *name)
{
    pthread_rwlock_rdlock(&registry->names);
    struct registry_entry *thing = find_named(registry, RESOURCE_CHANNEL, ns, name);
    struct channel *channel = thing ? channel_hold(thing->channel) : NULL;
    pthread_rwlock_unlock(&registry->names);
    return channel;
}

struct revision *registry_service(struct registry *registry, const char *ns, const char *name)
{
    pthread_rwlock_rdlock(&registry->names);
    struct registry_entry *thing = find_named(registry, RESOURCE_SERVICE, ns, name);
    struct revision *workload = thing ? revision_hold(thing->workload) : NULL;
    pthread_rwlock_unlock(&registry->names);
    return workload;
}

static bool attach(struct registry_entry *thing, struct channel *channel, struct err *err)
{
    if (!channel_subscribe(channel, thing->subscription, err))
        return false;
    thing->attached = channel_hold(channel);
    return true;
}

static void detach(struct registry_entry *thing, bool forget)
{
    if (!thing->attached)
        return;
    channel_unsubscribe(thing->attached, thing->subscription, forget);
    channel_release(thing->attached);
    thing->attached = NULL;
}

static bool wants(const struct registry_entry *thing, const char *channel_key)
{
    return thing->kind == RESOURCE_SUBSCRIPTION && str_equal(thing->channel_key, channel_key);
}

/* Joins those that have waited for their channel. */
static bool attach_all(struct registry *registry, struct registry_entry *channel, struct err *err)
{
    bool good = true;
    for (struct registry_entry *thing = registry->things; thing && good; thing = thing->hh.next)
        if (wants(thing, channel->key) && !thing->attached)
            good = attach(thing, channel->channel, err);
    return good;
}

/* The archive, opened when it is needed first. */
static bool need_archive(struct registry *registry, struct err *err)
{
    if (!registry->archive)
        registry->archive = event_log_writer_open(registry->options.store_path, err);
    return registry->archive != NULL;
}

static bool add_channel(struct registry *registry, const struct runtime_channel *from,
                        struct err *err)
{
    if (from->durable && !need_archive(registry, err))
        return false;
    struct channel *channel =
        channel_open(registry->options.world, from->durable ? registry->archive : NULL, from->ns,
                     from->name, err);
    if (!channel)
        return false;
    atomic_store(&channel->async, from->async);
    struct resource_id id = {RESOURCE_CHANNEL, from->ns, from->name};
    struct registry_entry *thing = add(registry, id, &(struct registry_entry){.channel = channel});
    return attach_all(registry, thing, err);
}

static void remove_thing(struct registry *registry, struct registry_entry *thing, bool forget);

static bool apply_channel(struct registry *registry, const struct runtime_channel *from,
                          struct err *err)
{
    struct registry_entry *thing = find_named(registry, RESOURCE_CHANNEL, from->ns, from->name);
    if (thing && (thing->channel->backlog != NULL) == from->durable) {
        atomic_store(&thing->channel->async, from->async);
        return true;
    }
    if (thing)
        remove_thing(registry, thing, true);
    return add_channel(registry, from, err);
}

bool registry_apply_channel(struct registry *registry, const struct runtime_channel *channel,
                            struct err *err)
{
    pthread_mutex_lock(&registry->control);
    bool good = apply_channel(registry, channel, err);
    pthread_mutex_unlock(&registry->control);
    return good;
}

static bool add_subscription(struct registry *registry, const struct runtime_subscription *from,
                             struct err *err)
{
    const struct registry_options *options = &registry->options;
    struct registry_entry *thing =
        add(registry, (struct resource_id){RESOURCE_SUBSCRIPTION, from->ns, from->name},
            &(struct registry_entry){
                .subscription = subscription_new(options->world, registry->root, from),
                .channel_key = key_of(RESOURCE_CHANNEL, from->ns, from->channel),
            });
    struct registry_entry *channel = find(registry, thing->channel_key);
    return !channel || attach(thing, channel->channel, err);
}

static bool apply_subscription(struct registry *registry, const struct runtime_subscription *from,
                               struct err *err)
{
    OWN(free) char *channel_key = key_of(RESOURCE_CHANNEL, from->ns, from->channel);
    struct registry_entry *thing =
        find_named(registry, RESOURCE_SUBSCRIPTION, from->ns, from->name);
    if (thing && wants(thing, channel_key)) {
        subscription_change(thing->subscription, registry->root, from);
        struct registry_entry *channel = find(registry, channel_key);
        return thing->attached || !channel || attach(thing, channel->channel, err);
    }
    if (thing)
        remove_thing(registry, thing, true);
    return add_subscription(registry, from, err);
}

bool registry_apply_subscription(struct registry *registry,
                                 const struct runtime_subscription *subscription, struct err *err)
{
    pthread_mutex_lock(&registry->control);
    bool good = apply_subscription(registry, subscription, err);
    pthread_mutex_unlock(&registry->control);
    return good;
}

static void apply_workload(struct registry *registry, struct resource_id id,
                           const struct serving_container *container,
                           const struct serving_variable *more, size_t count,
                           const struct revision_spec *spec)
{
    struct pod_spec *plan = pod_spec_new(container, registry->options.home->options, more, count);
    pthread_mutex_lock(&registry->control);
    struct registry_entry *thing = find_named(registry, id.kind, id.ns, id.name);
    if (!thing)
        thing = add(registry, id,
                    &(struct registry_entry){.workload = revision_new(registry->options.home, id)});
    revision_apply(thing->workload, plan, spec);
    pthread_mutex_unlock(&registry->control);
    pod_spec_release(plan);
}

bool registry_apply_service(struct registry *registry, const struct runtime_service *from,
                            struct err *err)
{
    (void)err; /* what cannot be started shows in its pods */
    struct serving_variable more[] = {
        {"K_SERVICE", from->name}, {"K_REVISION", from->revision}, {"K_CONFIGURATION", from->name}};
    const struct revision_spec spec = {
        .revision = from->revision,
        .pod_base = from->pod_base,
        .probe_path = from->probe_path,
        .min_scale = from->min_scale,
        .max_scale = from->max_scale,
        .concurrency = from->concurrency,
        .timeout_ns = from->timeout_ns,
        .idle_ns = from->idle_ns ? from->idle_ns : registry->options.home->options->idle_ns,
    };
    apply_workload(registry, (struct resource_id){RESOURCE_SERVICE, from->ns, from->name},
                   &from->container, more, ARRAY_SIZE(more), &spec);
    return true;
}

bool registry_apply_source(struct registry *registry, const struct runtime_source *from,
                           struct err *err)
{
    if (from->sink.to == DESTINATION_NONE)
        return err_set(err, ERR_INPUT, "source %s has no sink", from->name);
    OWN(free) char *sink = address_url(&from->sink, registry->root);
    const char *slash = strchr(from->name, '/');
    struct serving_variable more[] = {
        {"K_SINK", sink},
        {"K_CE_OVERRIDES", from->overrides ? from->overrides : ""},
        {"NAMESPACE", from->ns},
        {"NAME", slash ? slash + 1 : from->name},
    };
    const struct revision_spec spec = {.pod_base = from->pod_base, .min_scale = 1, .max_scale = 1};
    apply_workload(registry, (struct resource_id){RESOURCE_SOURCE, from->ns, from->name},
                   &from->container, more, ARRAY_SIZE(more), &spec);
    return true;
}

bool registry_apply_ping(struct registry *registry, const struct runtime_ping *from,
                         struct err *err)
{
    const struct registry_options *options = &registry->options;
    struct ping_source *ping = ping_source_new(options->world, registry->root, from, err);
    if (!ping)
        return false;
    pthread_mutex_lock(&registry->control);
    struct registry_entry *thing = find_named(registry, RESOURCE_SOURCE, from->ns, from->name);
    if (thing && !thing->ping) { /* was a program of that name */
        remove_thing(registry, thing, true);
        thing = NULL;
    }
    struct resource_id id = {RESOURCE_SOURCE, from->ns, from->name};
    if (thing)
        ping_source_stop(thing->ping);
    else
        thing = add(registry, id, &(struct registry_entry){0});
    thing->ping = ping;
    ping_source_start(ping);
    pthread_mutex_unlock(&registry->control);
    return true;
}

static void free_thing(struct registry_entry *thing, bool forget)
{
    detach(thing, forget);
    if (thing->subscription)
        subscription_release(thing->subscription);
    if (thing->channel)
        channel_close(thing->channel, forget);
    if (thing->workload)
        revision_release(thing->workload);
    if (thing->ping)
        ping_source_stop(thing->ping);
    free(thing->channel_key);
    free(thing->key);
    free(thing);
}

/* The subscriptions of a channel that goes wait for another of its name. A subscription's end is
 * for good, so they begin anew. */
static void detach_all(struct registry *registry, const struct registry_entry *channel)
{
    for (struct registry_entry *thing = registry->things; thing; thing = thing->hh.next) {
        if (!wants(thing, channel->key) || !thing->attached)
            continue;
        detach(thing, true);
        struct subscription *old = thing->subscription;
        thing->subscription = subscription_clone(old);
        subscription_release(old);
    }
}

static void remove_thing(struct registry *registry, struct registry_entry *thing, bool forget)
{
    take_out(registry, thing);
    if (thing->channel)
        detach_all(registry, thing);
    if (thing->workload)
        revision_end(thing->workload);
    free_thing(thing, forget);
}

void registry_remove(struct registry *registry, struct resource_id id)
{
    pthread_mutex_lock(&registry->control);
    struct registry_entry *thing = find_named(registry, id.kind, id.ns, id.name);
    if (thing)
        remove_thing(registry, thing, true);
    pthread_mutex_unlock(&registry->control);
}

static bool any_busy(const struct registry *registry)
{
    for (struct registry_entry *thing = registry->things; thing; thing = thing->hh.next)
        if ((thing->subscription && thing->attached && !thing->attached->backlog &&
             subscription_busy(thing->subscription)) ||
            (thing->workload && revision_busy(thing->workload)))
            return true;
    return false;
}

void registry_drain(struct registry *registry, int64_t wait_ns)
{
    static const struct timespec moment = {.tv_nsec = 2 * NS_PER_MS};
    int64_t deadline_ns = timestamp_monotonic_ns() + wait_ns;
    pthread_mutex_lock(&registry->control);
    while (any_busy(registry) && timestamp_monotonic_ns() < deadline_ns)
        nanosleep(&moment, NULL);
    for (struct registry_entry *thing = registry->things; thing; thing = thing->hh.next) {
        detach(thing, false);
        if (thing->ping)
            ping_source_stop(thing->ping);
        thing->ping = NULL;
    }
    pthread_mutex_unlock(&registry->control);
}

void registry_stop(struct registry *registry)
{
    pthread_mutex_lock(&registry->control);
    for (struct registry_entry *thing = registry->things; thing; thing = thing->hh.next)
        if (thing->workload)
            revision_end(thing->workload);
    pthread_mutex_unlock(&registry->control);
}

void registry_close(struct registry *registry)
{
    struct registry_entry *thing, *next;
    HASH_ITER(hh, registry->things, thing, next)
    {
        HASH_DEL(registry->things, thing);
        free_thing(thing, false);
    }
    event_log_writer_close(registry->archive);
    pthread_rwlock_destroy(&registry->names);
    pthread_mutex_destroy(&registry->control);
    free(registry);
}
