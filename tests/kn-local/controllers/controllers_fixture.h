/* SPDX-License-Identifier: Apache-2.0 */
/* The controllers, with a fake data plane that records the calls. */
#ifndef TESTS_KN_LOCAL_CONTROLLERS_CONTROLLERS_FIXTURE_H
#define TESTS_KN_LOCAL_CONTROLLERS_CONTROLLERS_FIXTURE_H

#include "base/buf.h"
#include "base/str.h"
#include "kn-local/controllers/controllers.h"
#include "kn-local/manifests/manifests.h"
#include "tests/helpers/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct runtime {
    pthread_mutex_t lock;
    struct buf calls; /* each different call once, a line each */
};

static inline void record_call(struct runtime *runtime, char *line)
{
    OWN(free) char *owned = line;
    OWN(free) char *whole = str_format("%s\n", owned);
    pthread_mutex_lock(&runtime->lock);
    if (!runtime->calls.data || !strstr(runtime->calls.data, whole))
        buf_add_text(&runtime->calls, whole);
    pthread_mutex_unlock(&runtime->lock);
}

static inline const char *or_none(const char *text)
{
    return text ? text : "-";
}

char *runtime_address(const struct runtime *runtime, const struct runtime_destination *target)
{
    (void)runtime;
    if (target->to == DESTINATION_URL)
        return str_copy(target->url);
    return str_format("http://here/%s/%s%s",
                      target->to == DESTINATION_SERVICE ? "service" : "channel", target->name,
                      target->url ? target->url : "");
}

bool runtime_apply_channel(struct runtime *runtime, const struct runtime_channel *channel,
                           struct err *err)
{
    (void)err;
    record_call(runtime,
                str_format("channel %s%s%s", channel->name, channel->durable ? " durable" : "",
                           channel->async ? " async" : ""));
    return true;
}

bool runtime_apply_subscription(struct runtime *runtime,
                                const struct runtime_subscription *subscription, struct err *err)
{
    (void)err;
    OWN(free) char *to = runtime_address(runtime, &subscription->subscriber);
    OWN(free) char *dead = runtime_address(runtime, &subscription->dead_letter);
    record_call(runtime,
                str_format("subscription %s of %s to %s retry %d dead %s", subscription->name,
                           subscription->channel, to, subscription->policy.retry,
                           subscription->dead_letter.to == DESTINATION_NONE ? "-" : dead));
    return true;
}

static inline void add_container(struct buf *line, const struct serving_container *container)
{
    buf_add_format(line, " %s %s", container->name, container->image);
    for (size_t i = 0; i < container->variable_count; i++)
        buf_add_format(line, " %s=%s", container->variables[i].name, container->variables[i].value);
    for (size_t i = 0; i < container->file_count; i++)
        buf_add_format(line, " %s:%s", container->files[i].path, container->files[i].content.data);
}

bool runtime_apply_service(struct runtime *runtime, const struct runtime_service *service,
                           struct err *err)
{
    (void)err;
    OWN(buf) struct buf line = {0};
    buf_add_format(&line, "service %s", service->revision);
    add_container(&line, &service->container);
    record_call(runtime, buf_take(&line));
    return true;
}

bool runtime_apply_source(struct runtime *runtime, const struct runtime_source *source,
                          struct err *err)
{
    (void)err;
    OWN(free) char *sink = runtime_address(runtime, &source->sink);
    OWN(buf) struct buf line = {0};
    buf_add_format(&line, "source %s to %s %s", source->name, sink, or_none(source->overrides));
    add_container(&line, &source->container);
    record_call(runtime, buf_take(&line));
    return true;
}

bool runtime_apply_ping(struct runtime *runtime, const struct runtime_ping *ping, struct err *err)
{
    (void)err;
    record_call(runtime, str_format("ping %s %s %s", ping->name, ping->schedule, ping->data.data));
    return true;
}

void runtime_keep(struct runtime *runtime, struct resource_id id)
{
    (void)runtime, (void)id;
}

void runtime_remove(struct runtime *runtime, struct resource_id id)
{
    record_call(runtime, str_format("remove %d %s", (int)id.kind, id.name));
}

struct fixture {
    struct object_store *objects;
    struct controllers *controllers;
    struct runtime runtime;
};

static inline void own_fixture(struct fixture *fixture)
{
    controllers_close(fixture->controllers);
    object_store_close(fixture->objects);
    buf_done(&fixture->runtime.calls);
    pthread_mutex_destroy(&fixture->runtime.lock);
}

static inline void open_controllers(struct fixture *fixture)
{
    struct err err = {0};
    pthread_mutex_init(&fixture->runtime.lock, NULL);
    fixture->objects = object_store_open(NULL, &err);
    fixture->controllers = controllers_open(fixture->objects, &err);
    EXPECT(fixture->controllers != NULL);
}

static inline void start_controllers(struct fixture *fixture)
{
    struct err err = {0};
    open_controllers(fixture);
    EXPECT(controllers_start(fixture->controllers, &fixture->runtime, &err));
}

static inline void ignore_line(const char *line, void *context)
{
    (void)line, (void)context;
}

static inline void fail_with_line(const char *line, void *context)
{
    (void)context;
    fail_msg("%s", line);
}

static inline void apply(struct fixture *fixture, const char *manifest)
{
    static const struct manifest_listener listener = {ignore_line, fail_with_line, NULL};
    manifests_apply_text(fixture->objects, "test", bytes_of(manifest), &listener);
    controllers_settle(fixture->controllers);
}

static inline void expect_call(struct fixture *fixture, const char *line)
{
    pthread_mutex_lock(&fixture->runtime.lock);
    OWN(free) char *calls =
        str_copy(fixture->runtime.calls.data ? fixture->runtime.calls.data : "");
    pthread_mutex_unlock(&fixture->runtime.lock);
    EXPECT_HAS(calls, line);
}

static inline json_t *find(struct fixture *fixture, const struct kind *kind, const char *name)
{
    struct object_key key = {kind, "default", name};
    return object_store_get(fixture->objects, &key);
}

static inline void expect_ready(struct fixture *fixture, const struct kind *kind, const char *name,
                                const char *status, const char *reason)
{
    json_auto_t *object = find(fixture, kind, name);
    const json_t *ready = object_condition(object, "Ready");
    const char *why = json_string_value(json_object_get(ready, "reason"));
    EXPECT(ready != NULL);
    EXPECT_STR(json_string_value(json_object_get(ready, "status")), status);
    EXPECT_STR(or_none(why), reason);
}

#define CHANNEL(name, spec)                                                                        \
    "---\napiVersion: messaging.knative.dev/v1\nkind: Channel\nmetadata: {name: " name "}\nspec: " \
    "{" spec "}\n"
#define SERVICE(name)                                                                              \
    "---\napiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: " name "}\n"         \
    "spec: {template: {spec: {containers: [{image: " name "}]}}}\n"
#define SUBSCRIPTION(name, channel, kind, subscriber, more)                                        \
    "---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {name: " name "}\n"  \
    "spec: {channel: {kind: Channel, name: " channel "}, subscriber: {ref: {kind: " kind           \
    ", name: " subscriber "}}" more "}\n"

static inline void delete_object(struct fixture *fixture, const struct kind *kind, const char *name)
{
    struct object_key key = {kind, "default", name};
    struct err err = {0};
    json_auto_t *deleted = object_store_delete(fixture->objects, &key, &err);
    EXPECT(deleted != NULL);
    controllers_settle(fixture->controllers);
}

#endif
