/* SPDX-License-Identifier: Apache-2.0 */
/* A data plane with real sockets, and a subscriber. */
#ifndef TESTS_KN_LOCAL_DATAPLANE_RUNTIME_FIXTURE_H
#define TESTS_KN_LOCAL_DATAPLANE_RUNTIME_FIXTURE_H

#include "base/file.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/dataplane/runtime.h"
#include "net/client/http_client.h"
#include "net/server/http_server.h"
#include "tests/helpers/process.h"
#include "tests/helpers/test.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A subscriber that takes everything and counts. */
struct sink {
    struct http_server *server;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned count;
    int status;             /* that it answers; 0 = 202 */
    char *last;             /* body of the last event, owned */
    struct headers headers; /* of the last event */
};

static inline void take(struct http_exchange *exchange, void *app)
{
    struct sink *sink = app;
    pthread_mutex_lock(&sink->lock);
    str_replace(&sink->last, str_copy_bytes(buf_bytes(&exchange->body)));
    headers_done(&sink->headers);
    headers_copy(&sink->headers, &exchange->headers);
    sink->count++;
    int status = sink->status ? sink->status : 202;
    pthread_cond_broadcast(&sink->changed);
    pthread_mutex_unlock(&sink->lock);
    http_exchange_reply_empty(exchange, status);
}

static inline void sink_open(struct sink *sink)
{
    struct err err = {0};
    *sink = (struct sink){0};
    pthread_mutex_init(&sink->lock, NULL);
    pthread_cond_init(&sink->changed, NULL);
    sink->server = http_server_open(
        &(struct http_server_options){.handle = take, .app = sink, .threads = 1}, &err);
    EXPECT(sink->server != NULL);
}

static inline void own_sink(struct sink *sink)
{
    http_server_close(sink->server);
    headers_done(&sink->headers);
    free(sink->last);
}

static inline void sink_wait(struct sink *sink, unsigned count)
{
    pthread_mutex_lock(&sink->lock);
    while (sink->count < count)
        pthread_cond_wait(&sink->changed, &sink->lock);
    pthread_mutex_unlock(&sink->lock);
}

static inline char *sink_url(const struct sink *sink)
{
    return str_format("http://127.0.0.1:%u/in", http_server_port(sink->server));
}

/* A runtime with a data directory of its own, and a client. */
struct fixture {
    struct runtime *runtime;
    struct http_client *client;
    char *dir;
    int64_t drain_ns;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    char pod[128]; /* the last one that was heard of */
    enum serving_pod_phase phase;
    int pid;
    unsigned ready_pods, gone_pods, ended_pods, restarts;
    char waiting[64];
    struct resource_status status;
    char reason[64];
    char events[4096];
};

static inline void on_pod(const struct serving_pod *pod, void *app)
{
    struct fixture *fixture = app;
    pthread_mutex_lock(&fixture->lock);
    snprintf(fixture->pod, sizeof(fixture->pod), "%s", pod->name);
    snprintf(fixture->waiting, sizeof(fixture->waiting), "%s",
             pod->waiting_reason ? pod->waiting_reason : "");
    fixture->phase = pod->phase;
    fixture->pid = pod->pid;
    fixture->ready_pods += pod->ready;
    fixture->restarts = pod->restarts;
    fixture->gone_pods += pod->phase == POD_GONE;
    fixture->ended_pods += pod->phase == POD_SUCCEEDED;
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
}

static inline void on_status(const struct resource_status *status, void *app)
{
    struct fixture *fixture = app;
    pthread_mutex_lock(&fixture->lock);
    fixture->status = *status;
    snprintf(fixture->reason, sizeof(fixture->reason), "%s", status->reason);
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
}

static inline void on_event(const struct resource_event *event, void *app)
{
    struct fixture *fixture = app;
    pthread_mutex_lock(&fixture->lock);
    size_t len = strlen(fixture->events);
    snprintf(fixture->events + len, sizeof(fixture->events) - len, "%s ", event->reason);
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
}

static inline void open_runtime(struct fixture *fixture)
{
    struct err err = {0};
    static const struct serving_image images[] = {{"mapped", "/bin/sh -c true"}};
    struct runtime_options options = {
        .data_dir = fixture->dir,
        .program_dir = fixture->dir,
        .images = images,
        .image_count = 1,
        .drain_ns = fixture->drain_ns,
        .listener = {.pod = on_pod, .status = on_status, .event = on_event, .app = fixture},
    };
    fixture->runtime = runtime_open(&options, &err);
    EXPECT_STR(err.text, "");
}

static inline void begin_runtime(struct fixture *fixture)
{
    open_runtime(fixture);
    runtime_begin(fixture->runtime);
}

static inline void fixture_open(struct fixture *fixture)
{
    struct err err = {0};
    *fixture = (struct fixture){0};
    pthread_mutex_init(&fixture->lock, NULL);
    pthread_cond_init(&fixture->changed, NULL);
    char dir[] = "/tmp/runtime-XXXXXX";
    EXPECT(mkdtemp(dir) != NULL);
    fixture->dir = str_copy(dir);
    begin_runtime(fixture);
    fixture->client = http_client_open(NULL, &err);
}

static inline void own_fixture(struct fixture *fixture)
{
    struct err err = {0};
    http_client_close(fixture->client);
    runtime_close(fixture->runtime);
    file_remove_tree(fixture->dir, &err);
    free(fixture->dir);
}

/* Waits until `holds` is true, looking again at each change. */
#define WAIT(fixture, holds)                                                                       \
    do {                                                                                           \
        pthread_mutex_lock(&(fixture)->lock);                                                      \
        while (!(holds))                                                                           \
            pthread_cond_wait(&(fixture)->changed, &(fixture)->lock);                              \
        pthread_mutex_unlock(&(fixture)->lock);                                                    \
    } while (0)

static inline void apply_channel(struct fixture *fixture, const char *name, bool durable)
{
    struct err err = {0};
    struct runtime_channel channel = {.ns = "default", .name = name, .durable = durable};
    EXPECT(runtime_apply_channel(fixture->runtime, &channel, &err));
}

static inline void subscribe(struct fixture *fixture, const char *name, const char *channel,
                             struct runtime_destination to)
{
    struct err err = {0};
    struct runtime_subscription subscription = {
        .ns = "default", .name = name, .channel = channel, .subscriber = to};
    EXPECT(runtime_apply_subscription(fixture->runtime, &subscription, &err));
}

static inline void subscribe_url(struct fixture *fixture, const char *name, const char *channel,
                                 const struct sink *sink)
{
    OWN(free) char *url = sink_url(sink);
    subscribe(fixture, name, channel,
              (struct runtime_destination){.to = DESTINATION_URL, .url = url});
}

/* What a request gets; the status 0 when there is no answer. */
struct got {
    int status;
    char allow[64], body[512];
};

static inline struct got request(struct fixture *fixture, const char *method, const char *path,
                                 const char *const *fields, const char *body)
{
    struct err err = {0};
    struct got got = {0};
    OWN(headers) struct headers headers = {0};
    for (; fields && *fields; fields += 2)
        headers_add(&headers, fields[0], fields[1]);
    OWN(free) char *url = str_format("http://127.0.0.1:%u%s", runtime_port(fixture->runtime), path);
    struct http_call call = {
        .method = method, .url = url, .headers = &headers, .body = bytes_of(body)};
    OWN(http_response) struct http_response answer = {0};
    http_client_send(fixture->client, &call, &answer, &err);
    got.status = answer.status;
    const char *allow = headers_get(&answer.headers, "Allow");
    snprintf(got.allow, sizeof(got.allow), "%s", allow ? allow : "");
    snprintf(got.body, sizeof(got.body), "%s", answer.body.data ? answer.body.data : "");
    return got;
}

static const char *const EVENT[] = {
    "ce-specversion", "1.0",    "ce-id",        "1", "ce-type", "t", "ce-source", "/s",
    "Content-Type",   "text/x", "X-Request-Id", "r", NULL};

static inline int post(struct fixture *fixture, const char *path, const char *body)
{
    return request(fixture, "POST", path, EVENT, body).status;
}

/* A program that answers HTTP on $PORT, written to the fixture's folder under a name. */
static inline void write_program(struct fixture *fixture, const char *name, const char *text)
{
    struct err err = {0};
    OWN(free) char *path = str_format("%s/%s", fixture->dir, name);
    EXPECT(file_write(path, 0700, bytes_of(text), &err));
}

static inline struct runtime_service service(const char *name, const char *image)
{
    return (struct runtime_service){
        .ns = "default",
        .name = name,
        .revision = "r-00001",
        .pod_base = "r-00001-deployment",
        .container = {.name = "user-container", .image = image},
    };
}

static inline void apply_service(struct fixture *fixture, const struct runtime_service *service)
{
    struct err err = {0};
    EXPECT(runtime_apply_service(fixture->runtime, service, &err));
}

#endif
