/* SPDX-License-Identifier: Apache-2.0 */
/* The controllers, with a fake data plane that records the calls. */
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
#include <time.h>

struct runtime {
    pthread_mutex_t lock;
    struct buf calls; /* each different call once, a line each */
};

static void record_call(struct runtime *runtime, char *line)
{
    OWN(free) char *owned = line;
    OWN(free) char *whole = str_format("%s\n", owned);
    pthread_mutex_lock(&runtime->lock);
    if (!runtime->calls.data || !strstr(runtime->calls.data, whole))
        buf_add_text(&runtime->calls, whole);
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

void runtime_remove(struct runtime *runtime, struct resource_id id)
{
    record_call(runtime, str_format("remove %d %s", (int)id.kind, id.name));
}

struct fixture {
    struct object_store *objects;
    struct controllers *controllers;
    struct runtime runtime;
};

static void own_fixture(struct fixture *fixture)
{
    controllers_close(fixture->controllers);
    object_store_close(fixture->objects);
    buf_done(&fixture->runtime.calls);
    pthread_mutex_destroy(&fixture->runtime.lock);
}

static void start_controllers(struct fixture *fixture)
{
    struct err err = {0};
    pthread_mutex_init(&fixture->runtime.lock, NULL);
    fixture->objects = object_store_open(NULL, &err);
    fixture->controllers = controllers_open(fixture->objects, &err);
    EXPECT(controllers_start(fixture->controllers, &fixture->runtime, &err));
}

static void ignore_line(const char *line, void *context)
{
    (void)line, (void)context;
}

static void fail_with_line(const char *line, void *context)
{
    (void)context;
    fail_msg("%s", line);
}

static void apply(struct fixture *fixture, const char *manifest)
{
    static const struct manifest_listener listener = {ignore_line, fail_with_line, NULL};
    manifests_apply_text(fixture->objects, "test", bytes_of(manifest), &listener);
    controllers_settle(fixture->controllers);
}

static void expect_call(struct fixture *fixture, const char *line)
{
    pthread_mutex_lock(&fixture->runtime.lock);
    OWN(free) char *calls =
        str_copy(fixture->runtime.calls.data ? fixture->runtime.calls.data : "");
    pthread_mutex_unlock(&fixture->runtime.lock);
    EXPECT_HAS(calls, line);
}

static json_t *find(struct fixture *fixture, const struct kind *kind, const char *name)
{
    struct object_key key = {kind, "default", name};
    return object_store_get(fixture->objects, &key);
}

static void expect_ready(struct fixture *fixture, const struct kind *kind, const char *name,
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

TEST(a_channel_without_template_is_kept_on_disk)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", ""));
    expect_call(&fixture, "channel a durable\n");
    expect_ready(&fixture, &kind_channel, "a", "True", "-");
}

TEST(the_template_of_a_channel_decides_where_its_events_are_kept)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("m", "channelTemplate: {kind: InMemoryChannel}")
                        CHANNEL("k", "channelTemplate: {kind: KafkaChannel}"));
    expect_call(&fixture, "channel m\n");
    expect_call(&fixture, "channel k durable\n");
}

TEST(a_subscription_waits_for_its_channel_and_its_subscriber)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, SUBSCRIPTION("s", "a", "Service", "x", ""));
    expect_ready(&fixture, &kind_subscription, "s", "False", "ChannelNotFound");
    apply(&fixture, CHANNEL("a", ""));
    expect_ready(&fixture, &kind_subscription, "s", "False", "SubscriberResolveFailed");
    apply(&fixture, SERVICE("x"));
    expect_ready(&fixture, &kind_subscription, "s", "True", "-");
    expect_call(&fixture, "subscription s of a to http://here/service/x retry 0 dead -\n");
}

TEST(the_delivery_of_a_subscription_replaces_that_of_its_channel)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture,
          SERVICE("x") SERVICE("d")
              CHANNEL("a", "delivery: {retry: 7, deadLetterSink: {ref: {kind: Service, name: d}}}")
                  SUBSCRIPTION("own", "a", "Service", "x", ", delivery: {retry: 2}")
                      SUBSCRIPTION("none", "a", "Service", "x", ""));
    expect_call(&fixture, "subscription own of a to http://here/service/x retry 2 dead "
                          "http://here/service/d\n");
    expect_call(&fixture, "subscription none of a to http://here/service/x retry 7 dead "
                          "http://here/service/d\n");
}

TEST(the_subscription_that_closes_a_loop_of_channels_is_refused)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", "") CHANNEL("b", "") SUBSCRIPTION("s1", "a", "Channel", "b", ""));
    apply(&fixture, SUBSCRIPTION("s2", "b", "Channel", "a", ""));
    expect_ready(&fixture, &kind_subscription, "s1", "True", "-");
    expect_ready(&fixture, &kind_subscription, "s2", "False", "ChannelLoop");
}

#define IN_MEMORY_CHANNEL                                                                          \
    "---\napiVersion: messaging.knative.dev/v1\nkind: InMemoryChannel\nmetadata: {name: a}\n"

static void delete_object(struct fixture *fixture, const struct kind *kind, const char *name)
{
    struct object_key key = {kind, "default", name};
    struct err err = {0};
    json_auto_t *deleted = object_store_delete(fixture->objects, &key, &err);
    EXPECT(deleted != NULL);
    controllers_settle(fixture->controllers);
}

static void expect_no_call(struct fixture *fixture, const char *line)
{
    pthread_mutex_lock(&fixture->runtime.lock);
    bool found = strstr(fixture->runtime.calls.data, line);
    pthread_mutex_unlock(&fixture->runtime.lock);
    EXPECT(!found);
}

TEST(two_kinds_of_channel_cannot_share_a_name)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", "") IN_MEMORY_CHANNEL);
    expect_ready(&fixture, &kind_channel, "a", "True", "-");
    expect_ready(&fixture, &kind_in_memory_channel, "a", "False", "NameTaken");
}

TEST(the_older_channel_keeps_its_name)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, IN_MEMORY_CHANNEL);
    apply(&fixture, CHANNEL("a", ""));
    expect_ready(&fixture, &kind_in_memory_channel, "a", "True", "-");
    expect_ready(&fixture, &kind_channel, "a", "False", "NameTaken");
    expect_no_call(&fixture, "channel a durable\n");
}

TEST(deleting_a_channel_that_does_not_own_its_name_removes_nothing)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", ""));
    apply(&fixture, IN_MEMORY_CHANNEL);
    delete_object(&fixture, &kind_in_memory_channel, "a");
    expect_no_call(&fixture, "remove 0 a\n");
    expect_ready(&fixture, &kind_channel, "a", "True", "-");
}

TEST(deleting_the_owner_of_a_name_gives_it_to_the_next_channel)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", ""));
    apply(&fixture, IN_MEMORY_CHANNEL);
    delete_object(&fixture, &kind_channel, "a");
    expect_call(&fixture, "remove 0 a\nchannel a\n");
    expect_ready(&fixture, &kind_in_memory_channel, "a", "True", "-");
}

TEST(a_deleted_channel_is_removed_from_the_data_plane)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", ""));
    delete_object(&fixture, &kind_channel, "a");
    expect_call(&fixture, "remove 0 a\n");
}

TEST(a_service_gets_its_variables_and_files)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture,
          "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {k.json: open}\n"
          "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {A: b}\n"
          "---\napiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\n"
          "spec:\n  template:\n    spec:\n      containers:\n      - image: i:v1\n"
          "        envFrom: [{configMapRef: {name: words}, prefix: P_}]\n"
          "        env: [{name: X, value: y}, {name: K, valueFrom: {secretKeyRef: {name: key, "
          "key: k.json}}}]\n"
          "        volumeMounts: [{name: v, mountPath: /etc/v}]\n"
          "      volumes: [{name: v, secret: {secretName: key}}]\n");
    expect_call(&fixture,
                "service s-00001 user-container i:v1 P_A=b X=y K=open /etc/v/k.json:open\n");
    json_auto_t *revision = find(&fixture, &kind_revision, "s-00001");
    EXPECT(revision != NULL);
}

TEST(a_service_waits_for_its_secret)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\n"
                    "spec: {template: {spec: {containers: [{image: i, envFrom: [{secretRef: {name: "
                    "key}}]}]}}}\n");
    expect_ready(&fixture, &kind_service, "s", "False", "RevisionFailed");
    apply(&fixture, "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {K: v}\n");
    expect_call(&fixture, "service s-00001 user-container i K=v\n");
    expect_ready(&fixture, &kind_service, "s", "True", "-");
}

TEST(a_source_of_2019_becomes_a_pubsub_source)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", "") "---\napiVersion: sources.eventing.knative.dev/v1alpha1\n"
                                     "kind: GcpPubSubSource\nmetadata: {name: g}\nspec: {"
                                     "googleCloudProject: p, topic: t, sink: {kind: Channel, "
                                     "name: a}}\n");
    expect_call(&fixture, "source gcppubsubsource/g to http://here/channel/a - receive-adapter "
                          "pubsub-source GOOGLE_CLOUD_PROJECT=p PUBSUB_TOPIC=t "
                          "PUBSUB_SUBSCRIPTION=knative-eventing_default_g EVENT_FORM=legacy\n");
}

TEST(container_and_ping_sources_are_applied)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture,
          CHANNEL("a", "") "---\napiVersion: sources.knative.dev/v1\n"
                           "kind: ContainerSource\nmetadata: {name: c}\nspec: {template: "
                           "{spec: {containers: [{name: n, image: i}]}}, sink: {ref: "
                           "{kind: Channel, name: a}}, ceOverrides: {extensions: {x: y}}}\n"
                           "---\napiVersion: sources.knative.dev/v1\nkind: PingSource\n"
                           "metadata: {name: p}\nspec: {data: hi, sink: {ref: {kind: "
                           "Channel, name: a}, uri: /path}}\n");
    expect_call(&fixture, "source containersource/c to http://here/channel/a "
                          "{\"extensions\":{\"x\":\"y\"}} n i\n");
    expect_call(&fixture, "ping pingsource/p * * * * * hi\n");
    expect_ready(&fixture, &kind_ping_source, "p", "True", "-");
    expect_ready(&fixture, &kind_container_source, "c", "Unknown", "DeploymentUnavailable");
}

static void report_pod(struct fixture *fixture, enum serving_pod_phase phase, const char *waiting)
{
    struct resource_listener listener = controllers_listener(fixture->controllers);
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
    controllers_settle(fixture->controllers);
}

static char *pod_row(struct fixture *fixture)
{
    json_auto_t *pod = find(fixture, &kind_pod, "x-pod");
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

static void expect_pod(struct fixture *fixture, const char *expected)
{
    OWN(free) char *row = pod_row(fixture);
    EXPECT_STR(row, expected);
}

TEST(a_process_is_a_pod_until_it_is_gone)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, SERVICE("x"));
    report_pod(&fixture, POD_PENDING, NULL);
    expect_pod(&fixture, "x-pod 0/1 ContainerCreating");
    report_pod(&fixture, POD_RUNNING, NULL);
    expect_pod(&fixture, "x-pod 1/1 Running");
    report_pod(&fixture, POD_PENDING, "CrashLoopBackOff");
    expect_pod(&fixture, "x-pod 0/1 CrashLoopBackOff");
    report_pod(&fixture, POD_SUCCEEDED, NULL);
    expect_pod(&fixture, "x-pod 0/1 Completed");
    report_pod(&fixture, POD_GONE, NULL);
    expect_pod(&fixture, "none");
}

TEST(the_pods_of_a_deleted_service_are_deleted)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, SERVICE("x"));
    report_pod(&fixture, POD_RUNNING, NULL);
    delete_object(&fixture, &kind_service, "x");
    report_pod(&fixture, POD_SUCCEEDED, NULL);
    expect_pod(&fixture, "none");
}

TEST(a_status_becomes_conditions)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, SERVICE("x"));
    struct resource_listener listener = controllers_listener(fixture.controllers);
    struct resource_status status = {
        {RESOURCE_SERVICE, "default", "x"}, READY_FALSE, "ErrImagePull", "no program", 0};
    listener.status(&status, listener.app);
    controllers_settle(fixture.controllers);
    expect_ready(&fixture, &kind_service, "x", "False", "ErrImagePull");
    expect_ready(&fixture, &kind_revision, "x-00001", "False", "ErrImagePull");
}

static void report_event(struct fixture *fixture, const char *reason, const char *message)
{
    struct resource_listener listener = controllers_listener(fixture->controllers);
    struct resource_event event = {{RESOURCE_SERVICE, "default", "x"}, true, reason, message};
    listener.event(&event, listener.app);
}

TEST(events_with_one_reason_are_counted)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, SERVICE("x"));
    for (int i = 0; i < 2000; i++) {
        OWN(free) char *message = str_format("event %d was dropped", i);
        report_event(&fixture, "EventDropped", message);
    }
    controllers_settle(fixture.controllers);
    report_event(&fixture, "EventDropped", "event 2000 was dropped");
    controllers_settle(fixture.controllers);
    json_auto_t *events = object_store_list(fixture.objects, &kind_event, NULL, NULL);
    EXPECT_INT(json_array_size(events), 1);
    const json_t *event = json_array_get(events, 0);
    EXPECT_INT(json_integer_value(json_object_get(event, "count")), 2001);
    EXPECT_STR(json_string_value(json_object_get(event, "message")), "event 2000 was dropped");
}

TEST(the_event_that_was_not_seen_for_longest_makes_room)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, SERVICE("x"));
    for (int i = 0; i < 501; i++) {
        OWN(free) char *reason = str_format("Reason%03d", i);
        report_event(&fixture, reason, "m");
        controllers_settle(fixture.controllers);
        if (i == 1)
            report_event(&fixture, "Reason000", "again");
    }
    json_auto_t *events = object_store_list(fixture.objects, &kind_event, NULL, NULL);
    EXPECT_INT(json_array_size(events), 500);
    size_t index;
    json_t *event;
    json_array_foreach(events, index, event)
    {
        if (str_equal(json_string_value(json_object_get(event, "reason")), "Reason001"))
            fail_msg("the oldest Event is still there");
    }
}

static void delay(void *context)
{
    (void)context;
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

TEST(stopping_does_not_wait_for_what_is_queued)
{
    enum { PODS = 1000 };
    OWN(fixture) struct fixture fixture = {0};
    struct err err = {0};
    start_controllers(&fixture);
    apply(&fixture, SERVICE("x"));
    struct object_store_watch *watch = object_store_watch(fixture.objects, 0, delay, NULL, &err);
    struct resource_listener listener = controllers_listener(fixture.controllers);
    for (int i = 0; i < PODS; i++) {
        OWN(free) char *name = str_format("x-%d", i);
        struct serving_pod pod = {.ns = "default",
                                  .name = name,
                                  .owner = {RESOURCE_SERVICE, "default", "x"},
                                  .revision = "x-00001",
                                  .container = "user-container",
                                  .image = "x"};
        listener.pod(&pod, listener.app);
    }
    controllers_stop(fixture.controllers);
    object_store_unwatch(watch);
    json_auto_t *pods = object_store_list(fixture.objects, &kind_pod, NULL, NULL);
    EXPECT(json_array_size(pods) < PODS);
}
