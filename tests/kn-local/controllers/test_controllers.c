/* SPDX-License-Identifier: Apache-2.0 */
/* The controllers, with a data plane that writes down what it is told. */
#include "base/buf.h"
#include "base/str.h"
#include "base/yaml/yaml.h"
#include "kn-local/api/api_table.h"
#include "kn-local/controllers/controllers.h"
#include "kn-local/kinds/schema.h"
#include "kn-local/manifests/manifests.h"
#include "tests/helpers/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct runtime {
    pthread_mutex_t lock;
    struct buf said; /* one line for each call that differs from the one before of its name */
};

static void say(struct runtime *runtime, char *line)
{
    OWN(free) char *taken = line;
    OWN(free) char *whole = str_format("%s\n", taken);
    pthread_mutex_lock(&runtime->lock);
    if (!runtime->said.data || !strstr(runtime->said.data, whole))
        buf_add_text(&runtime->said, whole);
    pthread_mutex_unlock(&runtime->lock);
}

static const char *or_none(const char *text)
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
    say(runtime, str_format("channel %s%s%s", channel->name, channel->durable ? " durable" : "",
                            channel->async ? " async" : ""));
    return true;
}

bool runtime_apply_subscription(struct runtime *runtime,
                                const struct runtime_subscription *subscription, struct err *err)
{
    (void)err;
    OWN(free) char *to = runtime_address(runtime, &subscription->subscriber);
    OWN(free) char *dead = runtime_address(runtime, &subscription->dead_letter);
    say(runtime, str_format("subscription %s of %s to %s retry %d dead %s", subscription->name,
                            subscription->channel, to, subscription->policy.retry,
                            subscription->dead_letter.to == DESTINATION_NONE ? "-" : dead));
    return true;
}

static void add_container(struct buf *line, const struct serving_container *container)
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
    say(runtime, buf_take(&line));
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
    say(runtime, buf_take(&line));
    return true;
}

bool runtime_apply_ping(struct runtime *runtime, const struct runtime_ping *ping, struct err *err)
{
    (void)err;
    say(runtime, str_format("ping %s %s %s", ping->name, ping->schedule, ping->data.data));
    return true;
}

void runtime_keep(struct runtime *runtime, struct resource_id id)
{
    (void)runtime, (void)id;
}

void runtime_remove(struct runtime *runtime, struct resource_id id)
{
    say(runtime, str_format("remove %d %s", (int)id.kind, id.name));
}

struct fixture {
    struct object_store *objects;
    struct controllers *control;
    struct runtime runtime;
};

static void own_fixture(struct fixture *world)
{
    controllers_close(world->control);
    object_store_close(world->objects);
    buf_done(&world->runtime.said);
    pthread_mutex_destroy(&world->runtime.lock);
}

static void begin(struct fixture *world)
{
    struct err err = {0};
    pthread_mutex_init(&world->runtime.lock, NULL);
    world->objects = object_store_open(NULL, &err);
    world->control = controllers_open(world->objects, &err);
    EXPECT(controllers_start(world->control, &world->runtime, &err));
}

static void quiet(const char *line, void *context)
{
    (void)line, (void)context;
}

static void loud(const char *line, void *context)
{
    (void)context;
    fail_msg("%s", line);
}

static void apply(struct fixture *world, const char *manifest)
{
    static const struct manifest_listener listener = {quiet, loud, NULL};
    manifests_apply_text(world->objects, "test", bytes_of(manifest), &listener);
    controllers_settle(world->control);
}

static void expect_said(struct fixture *world, const char *line)
{
    pthread_mutex_lock(&world->runtime.lock);
    OWN(free) char *said = str_copy(world->runtime.said.data ? world->runtime.said.data : "");
    pthread_mutex_unlock(&world->runtime.lock);
    EXPECT_HAS(said, line);
}

static json_t *find(struct fixture *world, const struct kind *kind, const char *name)
{
    struct object_key key = {kind, "default", name};
    return object_store_get(world->objects, &key);
}

static void expect_ready(struct fixture *world, const struct kind *kind, const char *name,
                         const char *status, const char *reason)
{
    json_auto_t *object = find(world, kind, name);
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

TEST(a_channel_without_template_is_kept_on_disk)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, CHANNEL("a", ""));
    expect_said(&world, "channel a durable\n");
    expect_ready(&world, &kind_channel, "a", "True", "-");
}

TEST(a_template_says_where_a_channel_is_kept)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, CHANNEL("m", "channelTemplate: {kind: InMemoryChannel}")
                      CHANNEL("k", "channelTemplate: {kind: KafkaChannel}"));
    expect_said(&world, "channel m\n");
    expect_said(&world, "channel k durable\n");
}

TEST(a_subscription_waits_for_its_channel_and_its_subscriber)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, SUBSCRIPTION("s", "a", "Service", "x", ""));
    expect_ready(&world, &kind_subscription, "s", "False", "ChannelNotFound");
    apply(&world, CHANNEL("a", ""));
    expect_ready(&world, &kind_subscription, "s", "False", "SubscriberResolveFailed");
    apply(&world, SERVICE("x"));
    expect_ready(&world, &kind_subscription, "s", "True", "-");
    expect_said(&world, "subscription s of a to http://here/service/x retry 0 dead -\n");
}

TEST(the_delivery_of_a_subscription_counts_as_a_whole)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world,
          SERVICE("x") SERVICE("d")
              CHANNEL("a", "delivery: {retry: 7, deadLetterSink: {ref: {kind: Service, name: d}}}")
                  SUBSCRIPTION("own", "a", "Service", "x", ", delivery: {retry: 2}")
                      SUBSCRIPTION("none", "a", "Service", "x", ""));
    expect_said(&world, "subscription own of a to http://here/service/x retry 2 dead "
                        "http://here/service/d\n");
    expect_said(&world, "subscription none of a to http://here/service/x retry 7 dead "
                        "http://here/service/d\n");
}

TEST(the_subscription_that_closes_a_loop_of_channels_is_refused)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, CHANNEL("a", "") CHANNEL("b", "") SUBSCRIPTION("s1", "a", "Channel", "b", ""));
    apply(&world, SUBSCRIPTION("s2", "b", "Channel", "a", ""));
    expect_ready(&world, &kind_subscription, "s1", "True", "-");
    expect_ready(&world, &kind_subscription, "s2", "False", "ChannelLoop");
}

TEST(two_kinds_of_channel_cannot_share_a_name)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, CHANNEL("a", "") "---\napiVersion: messaging.knative.dev/v1\n"
                                   "kind: InMemoryChannel\nmetadata: {name: a}\n");
    expect_ready(&world, &kind_channel, "a", "True", "-");
    expect_ready(&world, &kind_in_memory_channel, "a", "False", "NameTaken");
}

TEST(what_is_deleted_is_removed)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, CHANNEL("a", ""));
    struct object_key key = {&kind_channel, "default", "a"};
    struct err err = {0};
    json_decref(object_store_delete(world.objects, &key, &err));
    controllers_settle(world.control);
    expect_said(&world, "remove 0 a\n");
}

TEST(a_service_gets_its_variables_and_files)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world,
          "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {k.json: open}\n"
          "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {A: b}\n"
          "---\napiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\n"
          "spec:\n  template:\n    spec:\n      containers:\n      - image: i:v1\n"
          "        envFrom: [{configMapRef: {name: words}, prefix: P_}]\n"
          "        env: [{name: X, value: y}, {name: K, valueFrom: {secretKeyRef: {name: key, "
          "key: k.json}}}]\n"
          "        volumeMounts: [{name: v, mountPath: /etc/v}]\n"
          "      volumes: [{name: v, secret: {secretName: key}}]\n");
    expect_said(&world,
                "service s-00001 user-container i:v1 P_A=b X=y K=open /etc/v/k.json:open\n");
    json_auto_t *revision = find(&world, &kind_revision, "s-00001");
    EXPECT(revision != NULL);
}

TEST(a_service_waits_for_its_secret)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\n"
                  "spec: {template: {spec: {containers: [{image: i, envFrom: [{secretRef: {name: "
                  "key}}]}]}}}\n");
    expect_ready(&world, &kind_service, "s", "False", "RevisionFailed");
    apply(&world, "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {K: v}\n");
    expect_said(&world, "service s-00001 user-container i K=v\n");
    expect_ready(&world, &kind_service, "s", "True", "-");
}

TEST(a_source_of_2019_becomes_a_pubsub_source)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, CHANNEL("a", "") "---\napiVersion: sources.eventing.knative.dev/v1alpha1\n"
                                   "kind: GcpPubSubSource\nmetadata: {name: g}\nspec: {"
                                   "googleCloudProject: p, topic: t, sink: {kind: Channel, "
                                   "name: a}}\n");
    expect_said(&world, "source gcppubsubsource/g to http://here/channel/a - receive-adapter "
                        "pubsub-source GOOGLE_CLOUD_PROJECT=p PUBSUB_TOPIC=t "
                        "PUBSUB_SUBSCRIPTION=knative-eventing_default_g EVENT_FORM=legacy\n");
}

TEST(container_and_ping_sources_are_applied)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, CHANNEL("a", "") "---\napiVersion: sources.knative.dev/v1\n"
                                   "kind: ContainerSource\nmetadata: {name: c}\nspec: {template: "
                                   "{spec: {containers: [{name: n, image: i}]}}, sink: {ref: "
                                   "{kind: Channel, name: a}}, ceOverrides: {extensions: {x: y}}}\n"
                                   "---\napiVersion: sources.knative.dev/v1\nkind: PingSource\n"
                                   "metadata: {name: p}\nspec: {data: hi, sink: {ref: {kind: "
                                   "Channel, name: a}, uri: /path}}\n");
    expect_said(&world, "source containersource/c to http://here/channel/a "
                        "{\"extensions\":{\"x\":\"y\"}} n i\n");
    expect_said(&world, "ping pingsource/p * * * * * hi\n");
    expect_ready(&world, &kind_ping_source, "p", "True", "-");
    expect_ready(&world, &kind_container_source, "c", "Unknown", "DeploymentUnavailable");
}

static void tell_pod(struct fixture *world, enum serving_pod_phase phase, const char *waiting)
{
    struct resource_listener listener = controllers_listener(world->control);
    struct serving_pod pod = {.ns = "default",
                              .name = "x-pod",
                              .owner = {RESOURCE_SERVICE, "default", "x"},
                              .revision = "x-00001",
                              .container = "user-container",
                              .image = "x",
                              .phase = phase,
                              .ready = phase == POD_RUNNING,
                              .waiting_reason = waiting,
                              .created_ns = 1000000000,
                              .started_ns = 1000000000};
    listener.pod(&pod, listener.app);
    controllers_settle(world->control);
}

static char *pod_row(struct fixture *world)
{
    json_auto_t *pod = find(world, &kind_pod, "x-pod");
    if (!pod)
        return str_copy("none");
    json_auto_t *list = json_pack("[O]", pod);
    json_auto_t *table = api_table_from_list(&kind_pod, list, "None", 0);
    const json_t *cells =
        json_object_get(json_array_get(json_object_get(table, "rows"), 0), "cells");
    return str_format("%s %s %s", json_string_value(json_array_get(cells, 0)),
                      json_string_value(json_array_get(cells, 1)),
                      json_string_value(json_array_get(cells, 2)));
}

static void expect_pod(struct fixture *world, const char *want)
{
    OWN(free) char *row = pod_row(world);
    EXPECT_STR(row, want);
}

TEST(a_process_is_a_pod_until_it_is_forgotten)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, SERVICE("x"));
    tell_pod(&world, POD_PENDING, NULL);
    expect_pod(&world, "x-pod 0/1 ContainerCreating");
    tell_pod(&world, POD_RUNNING, NULL);
    expect_pod(&world, "x-pod 1/1 Running");
    tell_pod(&world, POD_PENDING, "CrashLoopBackOff");
    expect_pod(&world, "x-pod 0/1 CrashLoopBackOff");
    tell_pod(&world, POD_SUCCEEDED, NULL);
    expect_pod(&world, "x-pod 0/1 Completed");
    tell_pod(&world, POD_GONE, NULL);
    expect_pod(&world, "none");
}

TEST(the_pods_of_a_deleted_service_are_forgotten)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, SERVICE("x"));
    tell_pod(&world, POD_RUNNING, NULL);
    struct object_key key = {&kind_service, "default", "x"};
    struct err err = {0};
    json_decref(object_store_delete(world.objects, &key, &err));
    controllers_settle(world.control);
    tell_pod(&world, POD_SUCCEEDED, NULL);
    expect_pod(&world, "none");
}

TEST(a_status_becomes_conditions)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, SERVICE("x"));
    struct resource_listener listener = controllers_listener(world.control);
    struct resource_status status = {
        {RESOURCE_SERVICE, "default", "x"}, READY_FALSE, "ErrImagePull", "no program", 0};
    listener.status(&status, listener.app);
    controllers_settle(world.control);
    expect_ready(&world, &kind_service, "x", "False", "ErrImagePull");
    expect_ready(&world, &kind_revision, "x-00001", "False", "ErrImagePull");
}

TEST(the_same_event_is_counted)
{
    OWN(fixture) struct fixture world = {0};
    begin(&world);
    apply(&world, SERVICE("x"));
    struct resource_listener listener = controllers_listener(world.control);
    struct resource_event event = {
        {RESOURCE_SERVICE, "default", "x"}, true, "EventDropped", "answered 400"};
    for (int i = 0; i < 3; i++)
        listener.event(&event, listener.app);
    event.message = "answered 403";
    listener.event(&event, listener.app);
    controllers_settle(world.control);
    json_auto_t *events = object_store_list(world.objects, &kind_event, NULL, NULL);
    EXPECT_INT(json_array_size(events), 2);
    json_int_t first = json_integer_value(json_object_get(json_array_get(events, 0), "count"));
    json_int_t second = json_integer_value(json_object_get(json_array_get(events, 1), "count"));
    EXPECT_INT(first + second, 4);
}
