/* SPDX-License-Identifier: Apache-2.0 */
/* What was applied, by name, and how it is joined. */
#include "kn-local/dataplane/runtime_private.h"

#include "base/log.h"
#include "base/str.h"
#include "kn-local/schedule/cron.h"
#include "kn-local/schedule/timezone.h"

#include <string.h>

static char *key_of(enum resource_kind kind, const char *ns, const char *name)
{
    return str_format("%d/%s/%s", (int)kind, ns, name);
}

static struct entry *find_key(const struct runtime *runtime, const char *key)
{
    struct entry *entry;
    HASH_FIND_STR(runtime->entries, key, entry);
    return entry;
}

static struct entry *find(const struct runtime *runtime, enum resource_kind kind, const char *ns,
                          const char *name)
{
    char key[600]; /* names of Kubernetes are shorter; others are not found */
    int len = snprintf(key, sizeof(key), "%d/%s/%s", (int)kind, ns, name);
    return len > 0 && (size_t)len < sizeof(key) ? find_key(runtime, key) : NULL;
}

/* Adds what is described but for its key. */
static struct entry *add(struct runtime *runtime, struct resource_id id, const struct entry *from)
{
    struct entry *entry = alloc_zeroed(sizeof(*entry));
    *entry = *from;
    entry->key = key_of(id.kind, id.ns, id.name);
    pthread_rwlock_wrlock(&runtime->names);
    HASH_ADD_KEYPTR(hh, runtime->entries, entry->key, strlen(entry->key), entry);
    pthread_rwlock_unlock(&runtime->names);
    return entry;
}

struct channel *runtime_find_channel(struct runtime *runtime, const char *ns, const char *name)
{
    pthread_rwlock_rdlock(&runtime->names);
    struct entry *entry = find(runtime, RESOURCE_CHANNEL, ns, name);
    struct channel *channel = entry ? channel_hold(entry->channel) : NULL;
    pthread_rwlock_unlock(&runtime->names);
    return channel;
}

struct revision *runtime_find_revision(struct runtime *runtime, const char *ns, const char *name)
{
    pthread_rwlock_rdlock(&runtime->names);
    struct entry *entry = find(runtime, RESOURCE_SERVICE, ns, name);
    struct revision *revision = entry ? revision_hold(entry->revision) : NULL;
    pthread_rwlock_unlock(&runtime->names);
    return revision;
}

static bool attach(struct entry *entry, struct channel *channel, struct err *err)
{
    if (!channel_subscribe(channel, entry->subscription, err))
        return false;
    entry->attached = channel_hold(channel);
    return true;
}

static void detach(struct entry *entry, enum subscription_end how)
{
    if (!entry->attached)
        return;
    channel_unsubscribe(entry->attached, entry->subscription, how);
    channel_release(entry->attached);
    entry->attached = NULL;
}

static bool is_of(const struct entry *entry, const char *channel_key)
{
    return entry->type == ENTRY_SUBSCRIPTION && str_equal(entry->channel_key, channel_key);
}

/* The subscriptions of a channel that is removed wait for another of its name. A subscription's end
 * is for good, so each begins as a new one. */
static void detach_all(struct runtime *runtime, const struct entry *channel)
{
    for (struct entry *entry = runtime->entries; entry; entry = entry->hh.next) {
        if (!is_of(entry, channel->key) || !entry->attached)
            continue;
        detach(entry, SUBSCRIPTION_REMOVED);
        struct subscription *old = entry->subscription;
        entry->subscription = subscription_clone(old);
        subscription_release(old);
    }
}

static void free_entry(struct entry *entry, bool forget)
{
    switch (entry->type) {
    case ENTRY_CHANNEL:
        channel_close(entry->channel, forget);
        break;
    case ENTRY_SUBSCRIPTION:
        detach(entry, forget ? SUBSCRIPTION_REMOVED : SUBSCRIPTION_STOPPED);
        subscription_release(entry->subscription);
        free(entry->channel_key);
        break;
    case ENTRY_REVISION:
        revision_release(entry->revision);
        break;
    case ENTRY_PING:
        if (entry->ping) /* NULL at the end */
            ping_source_stop(entry->ping);
        break;
    }
    free(entry->key);
    free(entry);
}

static void remove_entry(struct runtime *runtime, struct entry *entry)
{
    pthread_rwlock_wrlock(&runtime->names);
    HASH_DEL(runtime->entries, entry);
    pthread_rwlock_unlock(&runtime->names);
    if (entry->type == ENTRY_CHANNEL)
        detach_all(runtime, entry);
    if (entry->type == ENTRY_REVISION)
        revision_end(entry->revision);
    free_entry(entry, true);
}

void runtime_remove(struct runtime *runtime, struct resource_id id)
{
    pthread_mutex_lock(&runtime->change);
    struct entry *entry = find(runtime, id.kind, id.ns, id.name);
    if (entry)
        remove_entry(runtime, entry);
    pthread_mutex_unlock(&runtime->change);
}

/* Under `change`. */
static void keep(struct runtime *runtime, enum resource_kind kind, const char *ns, const char *name)
{
    if (atomic_load(&runtime->begun))
        return;
    runtime->kept = alloc_resize(runtime->kept, (runtime->kept_count + 1) * sizeof(*runtime->kept));
    runtime->kept[runtime->kept_count++] = key_of(kind, ns, name);
}

void runtime_keep(struct runtime *runtime, struct resource_id id)
{
    pthread_mutex_lock(&runtime->change);
    keep(runtime, id.kind, id.ns, id.name);
    pthread_mutex_unlock(&runtime->change);
}

/* A log's name is "NAMESPACE/channels/NAME". */
bool runtime_is_kept(const char *log, const char *reader, void *context)
{
    const struct runtime *runtime = context;
    OWN(free) char *ns = str_copy_bytes((struct bytes){log, strcspn(log, "/")});
    const char *slash = strrchr(log, '/');
    OWN(free) char *key = reader ? key_of(RESOURCE_SUBSCRIPTION, ns, reader)
                                 : key_of(RESOURCE_CHANNEL, ns, slash ? slash + 1 : log);
    for (size_t i = 0; i < runtime->kept_count; i++)
        if (str_equal(runtime->kept[i], key))
            return true;
    return false;
}

void runtime_free_entries(struct runtime *runtime)
{
    struct entry *entry, *next;
    HASH_ITER(hh, runtime->entries, entry, next)
    {
        HASH_DEL(runtime->entries, entry);
        free_entry(entry, false);
    }
    for (size_t i = 0; i < runtime->kept_count; i++)
        free(runtime->kept[i]);
    free(runtime->kept);
}

/* The writer of the event logs, opened when it is needed first. */
static bool open_writer(struct runtime *runtime, struct err *err)
{
    const struct runtime_options *options = &runtime->options;
    const struct event_log_options log = {
        .path = runtime->store_path,
        .vfs = options->vfs,
        .sync = options->sync,
        .max_bytes = options->max_bytes,
        .no_thread = runtime->simulated,
        .io = &runtime->io,
    };
    if (runtime->writer)
        return true;
    runtime->writer = event_log_writer_open(&log, err);
    if (runtime->writer && atomic_load(&runtime->begun))
        event_log_writer_begin(runtime->writer, NULL, NULL);
    return runtime->writer != NULL;
}

/* A channel of which the store cannot be opened takes nothing, and says why. */
static struct channel *open_channel(struct runtime *runtime, const struct runtime_channel *spec,
                                    struct err *err)
{
    struct channel *channel = NULL;
    if (!spec->durable || open_writer(runtime, err))
        channel = channel_open(&runtime->io, spec->durable ? runtime->writer : NULL, spec->ns,
                               spec->name, err);
    if (channel)
        return channel;
    log_error("channel %s/%s cannot be opened: %s", spec->ns, spec->name, err->text);
    return channel_open_broken(&runtime->io, spec->ns, spec->name, err->text);
}

static bool apply_channel(struct runtime *runtime, const struct runtime_channel *spec,
                          struct err *err)
{
    struct entry *entry = find(runtime, RESOURCE_CHANNEL, spec->ns, spec->name);
    if (entry && entry->channel->durable == spec->durable && !entry->channel->problem) {
        atomic_store(&entry->channel->async, spec->async);
        return true;
    }
    if (entry)
        remove_entry(runtime, entry);
    struct channel *channel = open_channel(runtime, spec, err);
    atomic_store(&channel->async, spec->async);
    entry = add(runtime, (struct resource_id){RESOURCE_CHANNEL, spec->ns, spec->name},
                &(struct entry){.type = ENTRY_CHANNEL, .channel = channel});
    if (channel->problem)
        return false;
    bool ok = true;
    for (struct entry *other = runtime->entries; other && ok; other = other->hh.next)
        if (is_of(other, entry->key) && !other->attached)
            ok = attach(other, channel, err);
    return ok;
}

bool runtime_apply_channel(struct runtime *runtime, const struct runtime_channel *spec,
                           struct err *err)
{
    pthread_mutex_lock(&runtime->change);
    bool ok = apply_channel(runtime, spec, err);
    pthread_mutex_unlock(&runtime->change);
    return ok;
}

static bool apply_subscription(struct runtime *runtime, const struct runtime_subscription *spec,
                               struct err *err)
{
    OWN(free) char *channel_key = key_of(RESOURCE_CHANNEL, spec->ns, spec->channel);
    struct entry *entry = find(runtime, RESOURCE_SUBSCRIPTION, spec->ns, spec->name);
    if (entry && !is_of(entry, channel_key)) {
        remove_entry(runtime, entry);
        entry = NULL;
    }
    if (entry) {
        subscription_change(entry->subscription, runtime->root, spec);
    } else {
        struct entry new = {.type = ENTRY_SUBSCRIPTION};
        new.subscription = subscription_new(&runtime->io, runtime->root, spec);
        new.channel_key = move_ptr(&channel_key);
        entry =
            add(runtime, (struct resource_id){RESOURCE_SUBSCRIPTION, spec->ns, spec->name}, &new);
    }
    struct entry *channel = find_key(runtime, entry->channel_key);
    return entry->attached || !channel || attach(entry, channel->channel, err);
}

bool runtime_apply_subscription(struct runtime *runtime, const struct runtime_subscription *spec,
                                struct err *err)
{
    pthread_mutex_lock(&runtime->change);
    bool ok = apply_subscription(runtime, spec, err);
    if (!ok)
        keep(runtime, RESOURCE_SUBSCRIPTION, spec->ns, spec->name);
    pthread_mutex_unlock(&runtime->change);
    return ok;
}

static void apply_revision(struct runtime *runtime, struct resource_id id,
                           const struct serving_container *container,
                           const struct serving_variable *more, size_t count,
                           const struct revision_spec *spec)
{
    struct pod_spec *plan = pod_spec_new(container, runtime->pods.options, more, count);
    pthread_mutex_lock(&runtime->change);
    struct entry *entry = find(runtime, id.kind, id.ns, id.name);
    if (entry && entry->type != ENTRY_REVISION) {
        remove_entry(runtime, entry);
        entry = NULL;
    }
    if (!entry)
        entry = add(
            runtime, id,
            &(struct entry){.type = ENTRY_REVISION, .revision = revision_new(&runtime->pods, id)});
    revision_apply(entry->revision, plan, spec);
    pthread_mutex_unlock(&runtime->change);
    pod_spec_release(plan);
}

bool runtime_apply_service(struct runtime *runtime, const struct runtime_service *service,
                           struct err *err)
{
    (void)err; /* what cannot be started shows in its pods */
    struct serving_variable more[] = {{"K_SERVICE", service->name},
                                      {"K_REVISION", service->revision},
                                      {"K_CONFIGURATION", service->name}};
    const struct revision_spec spec = {
        .revision = service->revision,
        .pod_base = service->pod_base,
        .probe_path = service->probe_path,
        .min_scale = service->min_scale,
        .max_scale = service->max_scale,
        .concurrency = service->concurrency,
        .timeout_ns = service->timeout_ns,
        .idle_ns = service->idle_ns ? service->idle_ns : runtime->options.idle_ns,
    };
    apply_revision(runtime, (struct resource_id){RESOURCE_SERVICE, service->ns, service->name},
                   &service->container, more, ARRAY_SIZE(more), &spec);
    return true;
}

bool runtime_apply_source(struct runtime *runtime, const struct runtime_source *source,
                          struct err *err)
{
    if (source->sink.to == DESTINATION_NONE)
        return err_set(err, ERR_INPUT, "source %s has no sink", source->name);
    OWN(free) char *sink = address_url(&source->sink, runtime->root);
    const char *slash = strchr(source->name, '/');
    struct serving_variable more[] = {
        {"K_SINK", sink},
        {"K_CE_OVERRIDES", source->overrides ? source->overrides : ""},
        {"NAMESPACE", source->ns},
        {"NAME", slash ? slash + 1 : source->name},
    };
    const struct revision_spec spec = {
        .pod_base = source->pod_base, .min_scale = 1, .max_scale = 1};
    apply_revision(runtime, (struct resource_id){RESOURCE_SOURCE, source->ns, source->name},
                   &source->container, more, ARRAY_SIZE(more), &spec);
    return true;
}

static bool apply_ping(struct runtime *runtime, const struct runtime_ping *spec, struct err *err)
{
    struct entry *entry = find(runtime, RESOURCE_SOURCE, spec->ns, spec->name);
    if (entry && entry->type == ENTRY_PING)
        return ping_source_change(entry->ping, runtime->root, spec, err);
    struct ping_source *ping = ping_source_start(&runtime->io, runtime->root, spec, err);
    if (!ping)
        return false;
    if (entry) /* was a program of that name */
        remove_entry(runtime, entry);
    add(runtime, (struct resource_id){RESOURCE_SOURCE, spec->ns, spec->name},
        &(struct entry){.type = ENTRY_PING, .ping = ping});
    return true;
}

bool runtime_apply_ping(struct runtime *runtime, const struct runtime_ping *spec, struct err *err)
{
    pthread_mutex_lock(&runtime->change);
    bool ok = apply_ping(runtime, spec, err);
    pthread_mutex_unlock(&runtime->change);
    return ok;
}

bool runtime_schedule_valid(const char *schedule, const char *zone_name, struct err *err)
{
    struct cron cron;
    if (!cron_parse(schedule, &cron, err))
        return false;
    OWN(time_zone) struct time_zone *zone = timezone_open(zone_name, err);
    return zone != NULL;
}
