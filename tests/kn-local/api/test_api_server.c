/* SPDX-License-Identifier: Apache-2.0 */
/* The Kubernetes API over real sockets; the logs come from a runtime of paper. */
#include "base/str.h"
#include "kn-local/api/api_server.h"
#include "kn-local/kinds/schema.h"
#include "tests/helpers/sockets.h"
#include "tests/helpers/test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct runtime {
    atomic_uint deleted;
    atomic_bool ended;
};

bool runtime_delete_pod(struct runtime *runtime, const char *ns, const char *pod)
{
    (void)ns, (void)pod;
    atomic_fetch_add(&runtime->deleted, 1);
    return true;
}

/* Three lines, of which tail shows the last; with no more to come once it has ended. */
bool runtime_log_read(struct runtime *runtime, const struct serving_log_request *request,
                      struct serving_log_position *at, struct buf *out, bool *ended,
                      struct err *err)
{
    static const char *const lines[] = {"one\n", "two\n", "three\n"};
    if (request->previous)
        return err_set(err, ERR_NOT_FOUND, "previous terminated container not found");
    if (at->offset == 0 && request->tail >= 0 && request->tail < 3)
        at->offset = 3 - (uint64_t)request->tail;
    if (at->offset < ARRAY_SIZE(lines))
        buf_add_text(out, lines[at->offset++]);
    *ended = atomic_load(&runtime->ended);
    return true;
}

struct bench {
    struct object_store *objects;
    struct runtime runtime;
    struct api_server *kube;
    struct http_server *server;
};

static void own_bench(struct bench *bench)
{
    api_server_drain(bench->kube);
    http_server_close(bench->server);
    api_server_close(bench->kube);
    object_store_close(bench->objects);
}

static void put(struct bench *bench, const struct kind *kind, const char *ns, json_t *object)
{
    struct err err = {0};
    struct object_key key = {kind, ns, object_name(object)};
    json_decref(object_store_create_new(bench->objects, &key, object, &err));
}

static void open_bench(struct bench *bench)
{
    struct err err = {0};
    bench->objects = object_store_open(NULL, &err);
    struct api_server_options options = {bench->objects, &bench->runtime, "secret"};
    bench->kube = api_server_open(&options, &err);
    struct http_server_options server = {.drain_sec = 5};
    api_server_set_handlers(bench->kube, &server);
    bench->server = http_server_open(&server, &err);
    EXPECT(bench->server != NULL);
    put(bench, &kind_namespace, "",
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

static char *ask_with(struct bench *bench, const char *line, const char *headers, struct bytes body)
{
    OWN(free) char *head = request_text(line, headers, body);
    OWN(buf) struct buf whole = {0};
    buf_add_text(&whole, head);
    buf_add(&whole, body.data, body.len);
    return socket_request(http_server_port(bench->server), buf_bytes(&whole));
}

static char *ask(struct bench *bench, const char *line, const char *type, const char *body)
{
    OWN(free) char *headers = str_format(TOKEN CLOSE "%s", type);
    return ask_with(bench, line, headers, bytes_of(body));
}

static void expect(struct bench *bench, const char *line, const char *type, const char *body,
                   int status, const char *part)
{
    OWN(free) char *answer = ask(bench, line, type, body);
    EXPECT_HAS(answer, part);
    EXPECT_INT(socket_status(answer), status);
}

#define MAPS "/api/v1/namespaces/default/configmaps"
#define MAP(name, data)                                                                            \
    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"" name                 \
    "\",\"labels\":{\"app\":\"" name "\"}},\"data\":{" data "}}"

TEST(without_the_token_nothing_is_answered)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    static const char *const headers[] = {CLOSE, CLOSE "Authorization: Bearer secre\r\n",
                                          CLOSE "Authorization: Bearer secrets\r\n",
                                          CLOSE "Authorization: Basic secret\r\n"};
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        OWN(free) char *answer = ask_with(&bench, "GET /api", headers[i], (struct bytes){NULL, 0});
        EXPECT_INT(socket_status(answer), 401);
    }
}

TEST(a_web_page_is_refused_even_with_the_token)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    expect(&bench, "GET /api", "Origin: https://evil.example\r\n", "", 403, "web pages");
}

TEST(an_object_is_created_read_changed_and_deleted)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    expect(&bench, "POST " MAPS, JSON, MAP("a", "\"k\":\"1\""), 201, "\"uid\":");
    expect(&bench, "POST " MAPS, JSON, MAP("a", ""), 409, "AlreadyExists");
    expect(&bench, "GET " MAPS "/a", "", "", 200, "\"k\":\"1\"");
    expect(&bench, "PATCH " MAPS "/a", MERGE, "{\"data\":{\"k\":\"2\"}}", 200, "\"k\":\"2\"");
    expect(&bench, "PUT " MAPS "/a", JSON, MAP("a", "\"k\":\"3\""), 200, "\"k\":\"3\"");
    expect(&bench, "PUT " MAPS "/a", JSON, MAP("b", ""), 400, "does not match the name");
    expect(&bench, "DELETE " MAPS "/a", JSON, "{}", 200, "\"Success\"");
    expect(&bench, "GET " MAPS "/a", "", "", 404, "configmaps \\\"a\\\" not found");
}

TEST(a_dry_run_stores_nothing)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    expect(&bench, "POST " MAPS "?dryRun=All", JSON, MAP("a", ""), 201, "\"uid\":");
    expect(&bench, "GET " MAPS "/a", "", "", 404, "NotFound");
    expect(&bench, "POST " MAPS, JSON, MAP("a", "\"k\":\"1\""), 201, "");
    expect(&bench, "PATCH " MAPS "/a?dryRun=All", MERGE, "{\"data\":{\"k\":\"2\"}}", 200,
           "\"k\":\"2\"");
    expect(&bench, "GET " MAPS "/a", "", "", 200, "\"k\":\"1\"");
    expect(&bench, "DELETE " MAPS "/a?dryRun=All", "", "", 200, "\"Success\"");
    expect(&bench, "GET " MAPS "/a", "", "", 200, "\"k\":\"1\"");
}

TEST(server_side_apply_creates_and_changes)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    static const char type[] = "Content-Type: application/apply-patch+yaml\r\n";
    static const char line[] = "PATCH " MAPS "/a?fieldManager=me";
    expect(&bench, line, type,
           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: '1', l: '2'}\n", 201,
           "\"l\":\"2\"");
    expect(&bench, line, type,
           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: '3'}\n", 200,
           "\"data\":{\"k\":\"3\"}");
}

TEST(a_secret_comes_in_protobuf_too)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    static const char body[] = "k8s\0\n\014\n\002v1\022\006Secret\022\027\n\003\n\001a\022\010\n"
                               "\001k\022\003abc\032\006Opaque";
    OWN(free) char *answer =
        ask_with(&bench, "POST /api/v1/namespaces/default/secrets",
                 TOKEN CLOSE "Content-Type: application/vnd.kubernetes.protobuf\r\n",
                 (struct bytes){body, sizeof(body) - 1});
    EXPECT_INT(socket_status(answer), 201);
    EXPECT_HAS(answer, "\"data\":{\"k\":\"YWJj\"}");
}

TEST(what_makes_no_sense_is_refused)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    static const char subscriptions[] =
        "POST /apis/messaging.knative.dev/v1/namespaces/default/subscriptions";
    expect(&bench, "POST " MAPS, JSON, "{", 400, "request body");
    expect(&bench, "POST " MAPS, JSON, "[]", 400, "want an object");
    expect(&bench, "POST " MAPS, "Content-Type: text/plain\r\n", "x", 415, "UnsupportedMediaType");
    expect(&bench, "POST " MAPS, JSON, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\"}", 400,
           "is no ConfigMap");
    expect(&bench, "POST /api/v1/namespaces/nowhere/configmaps", JSON, MAP("a", ""), 404,
           "namespaces \\\"nowhere\\\" not found");
    expect(&bench, "POST " MAPS, JSON,
           "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\","
           "\"namespace\":\"other\"}}",
           400, "does not match the namespace");
    expect(&bench, subscriptions, JSON,
           "{\"apiVersion\":\"messaging.knative.dev/v1\",\"kind\":\"Subscription\",\"metadata\":{"
           "\"name\":\"s\"},\"spec\":{\"chanel\":{}}}",
           400, "unknown field \\\"spec.chanel\\\"; did you mean channel?");
    expect(&bench, subscriptions, JSON,
           "{\"apiVersion\":\"messaging.knative.dev/v1\",\"kind\":\"Subscription\",\"metadata\":{"
           "\"name\":\"s\"},\"spec\":{}}",
           422, "\"field\":\"spec.channel\"");
    expect(&bench, "PATCH " MAPS "/none", MERGE, "{}", 404, "NotFound");
    expect(&bench, "GET /api/v1/gadgets", "", "", 404, "could not find the requested resource");
    expect(&bench, "GET /else", "", "", 404, "could not find the requested resource");
    expect(&bench, "PUT " MAPS, JSON, "{}", 405, "MethodNotAllowed");
    expect(&bench, "GET " MAPS "?labelSelector=%3D", "", "", 400, "unable to parse label");
}

TEST(a_table_is_given_to_those_who_ask_for_one)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    expect(&bench, "POST " MAPS, JSON, MAP("a", "\"k\":\"1\""), 201, "");
    expect(&bench, "GET " MAPS, "Accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n", "", 200,
           "\"cells\":[\"a\",1,");
    expect(&bench, "GET " MAPS, "", "", 200, "\"kind\":\"ConfigMapList\"");
}

TEST(older_and_newer_names_show_the_same_object)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    expect(&bench, "POST /apis/eventing.knative.dev/v1alpha1/namespaces/default/channels", JSON,
           "{\"apiVersion\":\"eventing.knative.dev/v1alpha1\",\"kind\":\"Channel\",\"metadata\":{"
           "\"name\":\"c\"},\"spec\":{\"provisioner\":{\"kind\":\"ClusterChannelProvisioner\","
           "\"name\":\"in-memory-channel\"}}}",
           201, "v1alpha1");
    expect(&bench, "GET /apis/messaging.knative.dev/v1/namespaces/default/channels/c", "", "", 200,
           "\"channelTemplate\":{\"apiVersion\":\"messaging.knative.dev/v1\",\"kind\":"
           "\"InMemoryChannel\"}");
    expect(&bench, "GET /apis/eventing.knative.dev/v1alpha1/namespaces/default/channels/c", "", "",
           200, "\"name\":\"in-memory-channel\"");
}

TEST(kubectl_finds_what_there_is)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    expect(&bench, "GET /version", "", "", 200, "\"major\":\"1\"");
    expect(&bench, "GET /api", "", "", 200, "APIVersions");
    expect(&bench, "GET /apis", "", "", 200, "serving.knative.dev/v1alpha1");
    expect(&bench, "GET /apis/serving.knative.dev", "", "", 200, "\"kind\":\"APIGroup\"");
    expect(&bench, "GET /api/v1", "", "", 200, "pods/log");
    expect(&bench, "GET /apis/messaging.knative.dev/v1", "", "", 200, "\"shortNames\":[\"imc\"]");
    expect(&bench, "GET /openapi/v3", "", "", 200, "apis/messaging.knative.dev/v1");
    expect(&bench, "GET /openapi/v3/apis/messaging.knative.dev/v1", "", "", 200, "fieldValidation");
    expect(&bench, "GET /openapi/v2", "", "", 200, "proto-openapi.spec.v2.v1.0+protobuf");
}

static int open_stream(struct bench *bench, const char *line)
{
    OWN(free) char *head = request_text(line, TOKEN, (struct bytes){NULL, 0});
    int fd = socket_connect(http_server_port(bench->server));
    EXPECT(socket_send(fd, bytes_of(head)));
    return fd;
}

TEST(a_watch_tells_what_is_there_and_what_changes)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    expect(&bench, "POST " MAPS, JSON, MAP("a", ""), 201, "");
    OWN(fd) int fd = open_stream(&bench, "GET " MAPS "?watch=true");
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "\"ADDED\",\"object\":{\"apiVersion\":\"v1\"", &got));
    expect(&bench, "PATCH " MAPS "/a", MERGE, "{\"data\":{\"k\":\"2\"}}", 200, "");
    EXPECT(socket_read_until(fd, "MODIFIED", &got));
    expect(&bench, "DELETE " MAPS "/a", "", "", 200, "");
    EXPECT(socket_read_until(fd, "DELETED", &got));
}

TEST(what_leaves_a_selection_is_deleted_for_its_watch)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    expect(&bench, "POST " MAPS, JSON, MAP("a", ""), 201, "");
    OWN(fd) int fd = open_stream(&bench, "GET " MAPS "?watch=true&labelSelector=app%3Da");
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "ADDED", &got));
    expect(&bench, "POST " MAPS, JSON, MAP("b", ""), 201, "");
    expect(&bench, "PATCH " MAPS "/a", MERGE, "{\"metadata\":{\"labels\":{\"app\":\"c\"}}}", 200,
           "");
    EXPECT(socket_read_until(fd, "DELETED", &got));
    EXPECT(strstr(got.data, "\"name\":\"b\"") == NULL);
}

TEST(a_watch_ends_when_its_time_is_over)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    expect(&bench, "GET " MAPS "?watch=true&timeoutSeconds=1", "", "", 200, "chunked");
}

TEST(a_watch_from_too_long_ago_is_told_so)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    expect(&bench, "GET " MAPS "?watch=true&resourceVersion=1", "", "", 200,
           "\"reason\":\"Expired\"");
}

TEST(the_end_of_the_server_ends_its_watches)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    OWN(fd) int fd = open_stream(&bench, "GET " MAPS "?watch=true");
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "chunked", &got));
    api_server_drain(bench.kube);
    EXPECT(socket_read_until(fd, "\r\n0\r\n", &got));
}

static void put_pod(struct bench *bench, const char *phase)
{
    put(bench, &kind_pod, "default",
        json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s}}, s:{s:[{s:s}]}, s:{s:s}}", "apiVersion", "v1",
                  "kind", "Pod", "metadata", "name", "p", "namespace", "default", "labels", "app",
                  "p", "spec", "containers", "name", "user-container", "status", "phase", phase));
}

#define PODS "/api/v1/namespaces/default/pods"

TEST(a_log_is_read_whole_or_by_its_end)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    put_pod(&bench, "Running");
    expect(&bench, "GET " PODS "/p/log", "", "", 200, "one\ntwo\nthree\n");
    expect(&bench, "GET " PODS "/p/log?tailLines=1&container=user-container", "", "", 200,
           "\r\n\r\nthree\n");
    expect(&bench, "GET " PODS "/p/log?limitBytes=5", "", "", 200, "\r\n\r\none\nt");
    expect(&bench, "GET " PODS "/p/log?container=other", "", "", 400, "is not valid for pod p");
    expect(&bench, "GET " PODS "/p/log?tailLines=x", "", "", 400, "want a whole number");
    expect(&bench, "GET " PODS "/p/log?previous=true", "", "", 404, "previous terminated");
    expect(&bench, "GET " PODS "/q/log", "", "", 404, "pods \\\"q\\\" not found");
}

TEST(a_followed_log_ends_with_its_pod)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    put_pod(&bench, "Running");
    OWN(fd) int fd = open_stream(&bench, "GET " PODS "/p/log?follow=true");
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "three", &got));
    atomic_store(&bench.runtime.ended, true);
    EXPECT(socket_read_until(fd, "\r\n0\r\n", &got));
}

TEST(pods_that_have_ended_are_for_those_who_select)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    put_pod(&bench, "Succeeded");
    expect(&bench, "GET " PODS, "", "", 200, "\"items\":[]");
    expect(&bench, "GET " PODS "?labelSelector=app%3Dp", "", "", 200, "\"name\":\"p\"");
    expect(&bench, "GET " PODS "/p", "", "", 200, "\"name\":\"p\"");
}

TEST(deleting_a_pod_stops_its_process)
{
    OWN(bench) struct bench bench = {0};
    open_bench(&bench);
    put_pod(&bench, "Running");
    expect(&bench, "DELETE " PODS "/p", "", "", 200, "Success");
    EXPECT_INT(atomic_load(&bench.runtime.deleted), 1);
}
