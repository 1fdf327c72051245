/* SPDX-License-Identifier: Apache-2.0 */
/* What the data plane reports about pods, status and events becomes objects. */
#include "kn-local/api/api_table.h"
#include "tests/kn-local/controllers/controllers_fixture.h"

#include <time.h>

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

/* A watch whose callback delays each change of the store. */
struct slow_watch {
    pthread_mutex_t lock;
    pthread_cond_t entered;
    bool is_entered;
};

static void delay(void *context)
{
    struct slow_watch *slow = context;
    pthread_mutex_lock(&slow->lock);
    slow->is_entered = true;
    pthread_cond_signal(&slow->entered);
    pthread_mutex_unlock(&slow->lock);
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

TEST(stopping_does_not_wait_for_what_is_queued)
{
    enum { PODS = 500 };
    OWN(fixture) struct fixture fixture = {0};
    struct slow_watch slow = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    struct err err = {0};
    open_controllers(&fixture);
    struct object_store_watch *watch = object_store_watch(fixture.objects, 0, delay, &slow, &err);
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
    EXPECT(controllers_start(fixture.controllers, &fixture.runtime, &err));
    pthread_mutex_lock(&slow.lock);
    while (!slow.is_entered)
        pthread_cond_wait(&slow.entered, &slow.lock);
    pthread_mutex_unlock(&slow.lock);
    controllers_stop(fixture.controllers);
    object_store_unwatch(watch);
    json_auto_t *pods = object_store_list(fixture.objects, &kind_pod, NULL, NULL);
    EXPECT(json_array_size(pods) < PODS);
}
