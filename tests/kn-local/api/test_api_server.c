/* SPDX-License-Identifier: Apache-2.0 */
/* The Kubernetes API over real sockets, with fake pods. */
#include "base/str.h"
#include "kn-local/api/api_server.h"
#include "kn-local/kinds/schema.h"
#include "tests/helpers/sockets.h"
#include "tests/helpers/test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fake_pods {
    atomic_uint stopped;
    atomic_bool ended;
};

static void stop_pod(void *app, const char *ns, const char *pod)
{
    (void)ns, (void)pod;
    atomic_fetch_add(&((struct fake_pods *)app)->stopped, 1);
}

/* A log of three lines, of which tail selects the last; nothing follows once ended is set. */
static bool read_log(void *app, const struct api_log_request *request,
                     struct api_log_position *position, struct buf *out, bool *ended,
                     struct err *err)
{
    static const char *const lines[] = {"one\n", "two\n", "three\n"};
    if (request->previous)
        return err_set(err, ERR_NOT_FOUND, "previous terminated container not found");
    if (position->offset == 0 && request->tail >= 0 && request->tail < 3)
        position->offset = 3 - (uint64_t)request->tail;
    if (position->offset < ARRAY_SIZE(lines))
        buf_add_text(out, lines[position->offset++]);
    *ended = atomic_load(&((struct fake_pods *)app)->ended);
    return true;
}

struct fixture {
    struct object_store *objects;
    struct fake_pods pods;
    struct api_server *api;
    struct http_server *server;
};

static void own_fixture(struct fixture *fixture)
{
    api_server_drain(fixture->api);
    http_server_close(fixture->server);
    api_server_close(fixture->api);
    object_store_close(fixture->objects);
}

static void put(struct fixture *fixture, const struct kind *kind, const char *ns, json_t *object)
{
    struct err err = {0};
    struct object_key key = {kind, ns, object_name(object)};
    json_decref(object_store_create_new(fixture->objects, &key, object, &err));
}

static void open_fixture(struct fixture *fixture)
{
    struct err err = {0};
    fixture->objects = object_store_open(NULL, &err);
    struct api_server_options options = {
        fixture->objects, {stop_pod, read_log, &fixture->pods}, "secret"};
    fixture->api = api_server_open(&options, &err);
    struct http_server_options server = {.drain_sec = 5};
    api_server_set_handlers(fixture->api, &server);
    fixture->server = http_server_open(&server, &err);
    EXPECT(fixture->server != NULL);
    put(fixture, &kind_namespace, "",
        json_pack("{s:s, s:s, s:{s:s}}", "apiVersion", "v1", "kind", "Namespace", "metadata",
                  "name", "default"));
}

static char *request_text(const char *line, const char *headers, struct bytes body)
{
    OWN(buf) struct buf text = {0};
    buf_add_format(&text, "%s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n", line, headers,
                   body.len);
    return buf_take(&text);
}

#define TOKEN "Authorization: Bearer secret\r\n"
#define CLOSE "Connection: close\r\n"
#define JSON  "Content-Type: application/json\r\n"
#define MERGE "Content-Type: application/merge-patch+json\r\n"

static char *ask_with(struct fixture *fixture, const char *line, const char *headers,
                      struct bytes body)
{
    OWN(free) char *head = request_text(line, headers, body);
    OWN(buf) struct buf whole = {0};
    buf_add_text(&whole, head);
    buf_add(&whole, body.data, body.len);
    return socket_request(http_server_port(fixture->server), buf_bytes(&whole));
}

static char *ask(struct fixture *fixture, const char *line, const char *type, const char *body)
{
    OWN(free) char *headers = str_format(TOKEN CLOSE "%s", type);
    return ask_with(fixture, line, headers, bytes_of(body));
}

static void expect(struct fixture *fixture, const char *line, const char *type, const char *body,
                   int status, const char *part)
{
    OWN(free) char *answer = ask(fixture, line, type, body);
    EXPECT_HAS(answer, part);
    EXPECT_INT(socket_status(answer), status);
}

#define MAPS "/api/v1/namespaces/default/configmaps"
#define MAP(name, data)                                                                            \
    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"" name                 \
    "\",\"labels\":{\"app\":\"" name "\"}},\"data\":{" data "}}"

TEST(without_the_token_nothing_is_answered)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    static const char *const headers[] = {CLOSE, CLOSE "Authorization: Bearer secre\r\n",
                                          CLOSE "Authorization: Bearer secrets\r\n",
                                          CLOSE "Authorization: Basic secret\r\n"};
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        OWN(free) char *answer =
            ask_with(&fixture, "GET /api", headers[i], (struct bytes){NULL, 0});
        EXPECT_INT(socket_status(answer), 401);
    }
}

TEST(cross_origin_requests_are_refused_even_with_the_token)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    expect(&fixture, "GET /api", "Origin: https://evil.example\r\n", "", 403, "cross-origin");
}

TEST(an_object_is_created_read_changed_and_deleted)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    expect(&fixture, "POST " MAPS, JSON, MAP("a", "\"k\":\"1\""), 201, "\"uid\":");
    expect(&fixture, "POST " MAPS, JSON, MAP("a", ""), 409, "AlreadyExists");
    expect(&fixture, "GET " MAPS "/a", "", "", 200, "\"k\":\"1\"");
    expect(&fixture, "PATCH " MAPS "/a", MERGE, "{\"data\":{\"k\":\"2\"}}", 200, "\"k\":\"2\"");
    expect(&fixture, "PUT " MAPS "/a", JSON, MAP("a", "\"k\":\"3\""), 200, "\"k\":\"3\"");
    expect(&fixture, "PUT " MAPS "/a", JSON, MAP("b", ""), 400, "does not match the name");
    expect(&fixture, "DELETE " MAPS "/a", JSON, "{}", 200, "\"Success\"");
    expect(&fixture, "GET " MAPS "/a", "", "", 404, "configmaps \\\"a\\\" not found");
}

TEST(a_dry_run_stores_nothing)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    expect(&fixture, "POST " MAPS "?dryRun=All", JSON, MAP("a", ""), 201, "\"uid\":");
    expect(&fixture, "GET " MAPS "/a", "", "", 404, "NotFound");
    expect(&fixture, "POST " MAPS, JSON, MAP("a", "\"k\":\"1\""), 201, "");
    expect(&fixture, "PATCH " MAPS "/a?dryRun=All", MERGE, "{\"data\":{\"k\":\"2\"}}", 200,
           "\"k\":\"2\"");
    expect(&fixture, "GET " MAPS "/a", "", "", 200, "\"k\":\"1\"");
    expect(&fixture, "DELETE " MAPS "/a?dryRun=All", "", "", 200, "\"Success\"");
    expect(&fixture, "GET " MAPS "/a", "", "", 200, "\"k\":\"1\"");
}

TEST(server_side_apply_creates_and_changes)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    static const char type[] = "Content-Type: application/apply-patch+yaml\r\n";
    static const char line[] = "PATCH " MAPS "/a?fieldManager=me";
    expect(&fixture, line, type,
           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: '1', l: '2'}\n", 201,
           "\"l\":\"2\"");
    expect(&fixture, line, type,
           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: '3'}\n", 200,
           "\"data\":{\"k\":\"3\"}");
}

TEST(a_secret_may_be_sent_in_protobuf)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    static const char body[] = "k8s\0\n\014\n\002v1\022\006Secret\022\027\n\003\n\001a\022\010\n"
                               "\001k\022\003abc\032\006Opaque";
    OWN(free) char *answer =
        ask_with(&fixture, "POST /api/v1/namespaces/default/secrets",
                 TOKEN CLOSE "Content-Type: application/vnd.kubernetes.protobuf\r\n",
                 (struct bytes){body, sizeof(body) - 1});
    EXPECT_INT(socket_status(answer), 201);
    EXPECT_HAS(answer, "\"data\":{\"k\":\"YWJj\"}");
}

TEST(invalid_requests_are_refused)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    static const char subscriptions[] =
        "POST /apis/messaging.knative.dev/v1/namespaces/default/subscriptions";
    expect(&fixture, "POST " MAPS, JSON, "{", 400, "request body");
    expect(&fixture, "POST " MAPS, JSON, "[]", 400, "must be an object");
    expect(&fixture, "POST " MAPS, "Content-Type: text/plain\r\n", "x", 415,
           "UnsupportedMediaType");
    expect(&fixture, "POST " MAPS, JSON, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\"}", 400,
           "is not a ConfigMap");
    expect(&fixture, "POST /api/v1/namespaces/nowhere/configmaps", JSON, MAP("a", ""), 404,
           "namespaces \\\"nowhere\\\" not found");
    expect(&fixture, "POST " MAPS, JSON,
           "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\","
           "\"namespace\":\"other\"}}",
           400, "does not match the namespace");
    expect(&fixture, subscriptions, JSON,
           "{\"apiVersion\":\"messaging.knative.dev/v1\",\"kind\":\"Subscription\",\"metadata\":{"
           "\"name\":\"s\"},\"spec\":{\"chanel\":{}}}",
           400, "unknown field \\\"spec.chanel\\\"; did you mean channel?");
    expect(&fixture, subscriptions, JSON,
           "{\"apiVersion\":\"messaging.knative.dev/v1\",\"kind\":\"Subscription\",\"metadata\":{"
           "\"name\":\"s\"},\"spec\":{}}",
           422, "\"field\":\"spec.channel\"");
    expect(&fixture, "PATCH " MAPS "/none", MERGE, "{}", 404, "NotFound");
    expect(&fixture, "GET /api/v1/gadgets", "", "", 404, "could not find the requested resource");
    expect(&fixture, "GET /else", "", "", 404, "could not find the requested resource");
    expect(&fixture, "PUT " MAPS, JSON, "{}", 405, "MethodNotAllowed");
    expect(&fixture, "GET " MAPS "?labelSelector=%3D", "", "", 400, "unable to parse label");
}

TEST(a_table_is_returned_when_it_is_asked_for)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    expect(&fixture, "POST " MAPS, JSON, MAP("a", "\"k\":\"1\""), 201, "");
    expect(&fixture, "GET " MAPS, "Accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n", "",
           200, "\"cells\":[\"a\",1,");
    expect(&fixture, "GET " MAPS, "", "", 200, "\"kind\":\"ConfigMapList\"");
}

TEST(older_and_newer_names_show_the_same_object)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    expect(&fixture, "POST /apis/eventing.knative.dev/v1alpha1/namespaces/default/channels", JSON,
           "{\"apiVersion\":\"eventing.knative.dev/v1alpha1\",\"kind\":\"Channel\",\"metadata\":{"
           "\"name\":\"c\"},\"spec\":{\"provisioner\":{\"kind\":\"ClusterChannelProvisioner\","
           "\"name\":\"in-memory-channel\"}}}",
           201, "v1alpha1");
    expect(&fixture, "GET /apis/messaging.knative.dev/v1/namespaces/default/channels/c", "", "",
           200,
           "\"channelTemplate\":{\"apiVersion\":\"messaging.knative.dev/v1\",\"kind\":"
           "\"InMemoryChannel\"}");
    expect(&fixture, "GET /apis/eventing.knative.dev/v1alpha1/namespaces/default/channels/c", "",
           "", 200, "\"name\":\"in-memory-channel\"");
}

TEST(discovery_lists_versions_groups_and_resources)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    expect(&fixture, "GET /version", "", "", 200, "\"major\":\"1\"");
    expect(&fixture, "GET /api", "", "", 200, "APIVersions");
    expect(&fixture, "GET /apis", "", "", 200, "serving.knative.dev/v1alpha1");
    expect(&fixture, "GET /apis/serving.knative.dev", "", "", 200, "\"kind\":\"APIGroup\"");
    expect(&fixture, "GET /api/v1", "", "", 200, "pods/log");
    expect(&fixture, "GET /apis/messaging.knative.dev/v1", "", "", 200, "\"shortNames\":[\"imc\"]");
    expect(&fixture, "GET /openapi/v3", "", "", 200, "apis/messaging.knative.dev/v1");
    expect(&fixture, "GET /openapi/v3/apis/messaging.knative.dev/v1", "", "", 200,
           "fieldValidation");
    expect(&fixture, "GET /openapi/v2", "", "", 200, "proto-openapi.spec.v2.v1.0+protobuf");
}

static int open_stream(struct fixture *fixture, const char *line)
{
    OWN(free) char *head = request_text(line, TOKEN, (struct bytes){NULL, 0});
    int fd = socket_connect(http_server_port(fixture->server));
    EXPECT(socket_send(fd, bytes_of(head)));
    return fd;
}

TEST(a_watch_reports_existing_objects_and_changes)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    expect(&fixture, "POST " MAPS, JSON, MAP("a", ""), 201, "");
    OWN(fd) int fd = open_stream(&fixture, "GET " MAPS "?watch=true");
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "\"ADDED\",\"object\":{\"apiVersion\":\"v1\"", &got));
    expect(&fixture, "PATCH " MAPS "/a", MERGE, "{\"data\":{\"k\":\"2\"}}", 200, "");
    EXPECT(socket_read_until(fd, "MODIFIED", &got));
    expect(&fixture, "DELETE " MAPS "/a", "", "", 200, "");
    EXPECT(socket_read_until(fd, "DELETED", &got));
}

TEST(an_object_that_ceases_to_match_is_deleted_for_a_watch)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    expect(&fixture, "POST " MAPS, JSON, MAP("a", ""), 201, "");
    OWN(fd) int fd = open_stream(&fixture, "GET " MAPS "?watch=true&labelSelector=app%3Da");
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "ADDED", &got));
    expect(&fixture, "POST " MAPS, JSON, MAP("b", ""), 201, "");
    expect(&fixture, "PATCH " MAPS "/a", MERGE, "{\"metadata\":{\"labels\":{\"app\":\"c\"}}}", 200,
           "");
    EXPECT(socket_read_until(fd, "DELETED", &got));
    EXPECT(strstr(got.data, "\"name\":\"b\"") == NULL);
}

TEST(a_watch_ends_when_its_time_is_over)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    expect(&fixture, "GET " MAPS "?watch=true&timeoutSeconds=1", "", "", 200, "chunked");
}

TEST(a_watch_from_too_long_ago_gets_an_error)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    expect(&fixture, "GET " MAPS "?watch=true&resourceVersion=1", "", "", 200,
           "\"reason\":\"Expired\"");
}

TEST(the_end_of_the_server_ends_its_watches)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    OWN(fd) int fd = open_stream(&fixture, "GET " MAPS "?watch=true");
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "chunked", &got));
    api_server_drain(fixture.api);
    EXPECT(socket_read_until(fd, "\r\n0\r\n", &got));
}

static void put_pod(struct fixture *fixture, const char *phase)
{
    put(fixture, &kind_pod, "default",
        json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s}}, s:{s:[{s:s}]}, s:{s:s}}", "apiVersion", "v1",
                  "kind", "Pod", "metadata", "name", "p", "namespace", "default", "labels", "app",
                  "p", "spec", "containers", "name", "user-container", "status", "phase", phase));
}

#define PODS "/api/v1/namespaces/default/pods"

TEST(a_log_is_read_completely_or_its_last_lines)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    put_pod(&fixture, "Running");
    expect(&fixture, "GET " PODS "/p/log", "", "", 200, "one\ntwo\nthree\n");
    expect(&fixture, "GET " PODS "/p/log?tailLines=1&container=user-container", "", "", 200,
           "\r\n\r\nthree\n");
    expect(&fixture, "GET " PODS "/p/log?limitBytes=5", "", "", 200, "\r\n\r\none\nt");
    expect(&fixture, "GET " PODS "/p/log?container=other", "", "", 400, "is not valid for pod p");
    expect(&fixture, "GET " PODS "/p/log?tailLines=x", "", "", 400, "must be a whole number");
    expect(&fixture, "GET " PODS "/p/log?previous=true", "", "", 404, "previous terminated");
    expect(&fixture, "GET " PODS "/q/log", "", "", 404, "pods \\\"q\\\" not found");
}

TEST(a_followed_log_ends_with_its_pod)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    put_pod(&fixture, "Running");
    OWN(fd) int fd = open_stream(&fixture, "GET " PODS "/p/log?follow=true");
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "three", &got));
    atomic_store(&fixture.pods.ended, true);
    EXPECT(socket_read_until(fd, "\r\n0\r\n", &got));
}

TEST(pods_that_have_ended_are_listed_for_a_selector_only)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    put_pod(&fixture, "Succeeded");
    expect(&fixture, "GET " PODS, "", "", 200, "\"items\":[]");
    expect(&fixture, "GET " PODS "?labelSelector=app%3Dp", "", "", 200, "\"name\":\"p\"");
    expect(&fixture, "GET " PODS "/p", "", "", 200, "\"name\":\"p\"");
}

TEST(deleting_a_pod_stops_its_process)
{
    OWN(fixture) struct fixture fixture = {0};
    open_fixture(&fixture);
    put_pod(&fixture, "Running");
    expect(&fixture, "DELETE " PODS "/p", "", "", 200, "Success");
    EXPECT_INT(atomic_load(&fixture.pods.stopped), 1);
}
