/* SPDX-License-Identifier: Apache-2.0 */
/* The data plane over real sockets: addresses, channels, services as processes. */
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

static void take(struct http_exchange *exchange, void *app)
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

static void sink_open(struct sink *sink)
{
    struct err err = {0};
    *sink = (struct sink){0};
    pthread_mutex_init(&sink->lock, NULL);
    pthread_cond_init(&sink->changed, NULL);
    sink->server = http_server_open(
        &(struct http_server_options){.handle = take, .app = sink, .threads = 1}, &err);
    EXPECT(sink->server != NULL);
}

static void own_sink(struct sink *sink)
{
    http_server_close(sink->server);
    headers_done(&sink->headers);
    free(sink->last);
}

static void sink_wait(struct sink *sink, unsigned count)
{
    pthread_mutex_lock(&sink->lock);
    while (sink->count < count)
        pthread_cond_wait(&sink->changed, &sink->lock);
    pthread_mutex_unlock(&sink->lock);
}

static char *sink_url(const struct sink *sink)
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

static void on_pod(const struct serving_pod *pod, void *app)
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

static void on_status(const struct resource_status *status, void *app)
{
    struct fixture *fixture = app;
    pthread_mutex_lock(&fixture->lock);
    fixture->status = *status;
    snprintf(fixture->reason, sizeof(fixture->reason), "%s", status->reason);
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
}

static void on_event(const struct resource_event *event, void *app)
{
    struct fixture *fixture = app;
    pthread_mutex_lock(&fixture->lock);
    size_t len = strlen(fixture->events);
    snprintf(fixture->events + len, sizeof(fixture->events) - len, "%s ", event->reason);
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
}

static void open_runtime(struct fixture *fixture)
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

static void begin_runtime(struct fixture *fixture)
{
    open_runtime(fixture);
    runtime_begin(fixture->runtime);
}

static void fixture_open(struct fixture *fixture)
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

static void own_fixture(struct fixture *fixture)
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

static void apply_channel(struct fixture *fixture, const char *name, bool durable)
{
    struct err err = {0};
    struct runtime_channel channel = {.ns = "default", .name = name, .durable = durable};
    EXPECT(runtime_apply_channel(fixture->runtime, &channel, &err));
}

static void subscribe(struct fixture *fixture, const char *name, const char *channel,
                      struct runtime_destination to)
{
    struct err err = {0};
    struct runtime_subscription subscription = {
        .ns = "default", .name = name, .channel = channel, .subscriber = to};
    EXPECT(runtime_apply_subscription(fixture->runtime, &subscription, &err));
}

static void subscribe_url(struct fixture *fixture, const char *name, const char *channel,
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

static struct got request(struct fixture *fixture, const char *method, const char *path,
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

static int post(struct fixture *fixture, const char *path, const char *body)
{
    return request(fixture, "POST", path, EVENT, body).status;
}

TEST(an_event_posted_to_a_channel_arrives_at_its_subscriber)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    apply_channel(&fixture, "c", false);
    subscribe_url(&fixture, "s", "c", &sink);
    EXPECT_INT(post(&fixture, "/default/channels/c", "hello"), 202);
    EXPECT_INT(sink.count, 1);
    EXPECT_STR(sink.last, "hello");
    EXPECT_STR(headers_get(&sink.headers, "Prefer"), "reply");
    EXPECT_STR(headers_get(&sink.headers, "Kn-Namespace"), "default");
    EXPECT_STR(headers_get(&sink.headers, "Content-Type"), "text/x");
}

TEST(a_failing_subscriber_makes_the_channel_answer_500)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    sink.status = 400;
    apply_channel(&fixture, "c", false);
    subscribe_url(&fixture, "s", "c", &sink);
    EXPECT_INT(post(&fixture, "/default/channels/c", "hello"), 500);
}

TEST(a_redirect_is_a_failure_and_not_followed)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    sink.status = 302;
    apply_channel(&fixture, "c", false);
    subscribe_url(&fixture, "s", "c", &sink);
    EXPECT_INT(post(&fixture, "/default/channels/c", "hello"), 500);
    EXPECT_INT(sink.count, 1);
}

TEST(a_subscription_waits_for_its_channel_and_takes_part_once_it_is_there)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    subscribe_url(&fixture, "s", "c", &sink);
    EXPECT_INT(post(&fixture, "/default/channels/c", "1"), 404);
    apply_channel(&fixture, "c", false);
    EXPECT_INT(post(&fixture, "/default/channels/c", "2"), 202);
    EXPECT_INT(sink.count, 1);
    runtime_remove(fixture.runtime, (struct resource_id){RESOURCE_CHANNEL, "default", "c"});
    EXPECT_INT(post(&fixture, "/default/channels/c", "3"), 404);
    apply_channel(&fixture, "c", true);
    EXPECT_INT(post(&fixture, "/default/channels/c", "4"), 202);
    sink_wait(&sink, 2);
    runtime_remove(fixture.runtime, (struct resource_id){RESOURCE_SUBSCRIPTION, "default", "s"});
    EXPECT_INT(post(&fixture, "/default/channels/c", "5"), 202);
    EXPECT_INT(sink.count, 2);
}

TEST(a_channel_is_found_by_the_name_of_its_host)
{
    static const struct {
        const char *host;
        int status;
    } rows[] = {
        {"pubsub-test-kn-channel.default.svc.cluster.local", 202},
        {"pubsub-test-kn-channel.default.svc.cluster.local:80", 202},
        {"PubSub-Test-KN-Channel.Default.SVC.Cluster.Local:8080", 202},
        {"pubsub-test-kn-channel.default.svc.cluster.local.", 202},
        {"pubsub-test-kn-channel.default.svc", 202},
        {"pubsub-test-kn-channel.other.svc.cluster.local", 404},
        {"unknown-kn-channel.default.svc.cluster.local", 404},
        {"pubsub-test.default.svc.cluster.local", 404},
        {"default.svc.cluster.local", 404},
        {"a.b.c.svc.cluster.local", 404},
        {"example.com", 404},
    };
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    apply_channel(&fixture, "pubsub-test", false);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *fields[ARRAY_SIZE(EVENT) + 2] = {"Host", rows[i].host};
        memcpy(fields + 2, EVENT, sizeof(EVENT));
        EXPECT_INT(request(&fixture, "POST", "/", fields, "x").status, rows[i].status);
    }
    EXPECT_INT(post(&fixture, "/", "x"), 404);
    EXPECT_INT(post(&fixture, "/default/channels", "x"), 404);
    EXPECT_INT(post(&fixture, "/default/channels/pubsub-test", "x"), 202);
}

TEST(a_channel_answers_other_methods_and_what_is_no_event_as_knative_does)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    apply_channel(&fixture, "c", false);
    const char *path = "/default/channels/c";
    struct got got = request(&fixture, "GET", path, NULL, NULL);
    EXPECT_INT(got.status, 405);
    EXPECT_STR(got.allow, "POST, OPTIONS");
    EXPECT_INT(request(&fixture, "OPTIONS", path, NULL, NULL).status, 200);
    EXPECT_INT(request(&fixture, "POST", path, NULL, "text").status, 400);
    static const char *const batch[] = {"Content-Type", "application/cloudevents-batch+json", NULL};
    EXPECT_INT(request(&fixture, "POST", path, batch, "[]").status, 400);
    static const char *const avro[] = {"Content-Type", "application/cloudevents+avro", NULL};
    EXPECT_INT(request(&fixture, "POST", path, avro, "x").status, 400);
    static const char *const old[] = {"ce-specversion", "0.2", "ce-id", "1", "ce-type", "t",
                                      "ce-source",      "/s",  NULL};
    EXPECT_INT(request(&fixture, "POST", path, old, "x").status, 400);
    static const char *const no_id[] = {"ce-specversion", "1.0", "ce-type", "t",
                                        "ce-source",      "/s",  NULL};
    EXPECT_INT(request(&fixture, "POST", path, no_id, "x").status, 400);
    static const char *const structured[] = {"Content-Type", "application/cloudevents+json", NULL};
    EXPECT_INT(request(&fixture, "POST", path, structured,
                       "{\"specversion\":\"0.3\",\"id\":\"1\",\"type\":\"t\",\"source\":\"/s\"}")
                   .status,
               202);
    EXPECT_INT(request(&fixture, "POST", path, EVENT, "").status, 202);
}

TEST(a_channel_on_disk_delivers_after_a_restart_what_it_has_taken)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    apply_channel(&fixture, "c", true);
    subscribe(
        &fixture, "s", "c",
        (struct runtime_destination){.to = DESTINATION_SERVICE, .ns = "default", .name = "absent"});
    struct err err = {0};
    struct runtime_subscription waiting = {
        .ns = "default",
        .name = "s",
        .channel = "c",
        .subscriber = {.to = DESTINATION_SERVICE, .ns = "default", .name = "absent"},
        .policy = {.retry = 1000,
                   .backoff = BACKOFF_EXPONENTIAL,
                   .delay_ns = 3600 * INT64_C(1000000000)},
    };
    EXPECT(runtime_apply_subscription(fixture.runtime, &waiting, &err));
    EXPECT_INT(post(&fixture, "/default/channels/c", "kept"), 202);
    runtime_close(fixture.runtime);

    begin_runtime(&fixture);
    apply_channel(&fixture, "c", true);
    subscribe_url(&fixture, "s", "c", &sink);
    sink_wait(&sink, 1);
    EXPECT_STR(sink.last, "kept");
}

TEST(an_event_that_comes_before_all_subscriptions_are_there_again_is_not_taken)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    runtime_close(fixture.runtime);

    open_runtime(&fixture);
    apply_channel(&fixture, "c", false);
    EXPECT_INT(post(&fixture, "/default/channels/c", "too early"), 503);
    subscribe_url(&fixture, "s", "c", &sink);
    runtime_begin(fixture.runtime);
    EXPECT_INT(post(&fixture, "/default/channels/c", "in time"), 202);
    EXPECT_INT(sink.count, 1);
    EXPECT_STR(sink.last, "in time");
}

/* A program that answers HTTP on $PORT, written to the fixture's folder under a name. */
static void write_program(struct fixture *fixture, const char *name, const char *text)
{
    struct err err = {0};
    OWN(free) char *path = str_format("%s/%s", fixture->dir, name);
    EXPECT(file_write(path, 0700, bytes_of(text), &err));
}

static struct runtime_service service(const char *name, const char *image)
{
    return (struct runtime_service){
        .ns = "default",
        .name = name,
        .revision = "r-00001",
        .pod_base = "r-00001-deployment",
        .container = {.name = "user-container", .image = image},
    };
}

/* The test program itself serves: it is found as the image "echo" by a link. */
static void link_echo(struct fixture *fixture)
{
    OWN(free) char *path = str_format("%s/echo", fixture->dir);
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    EXPECT(len > 0);
    self[len] = '\0';
    EXPECT(symlink(self, path) == 0);
}

static void apply_service(struct fixture *fixture, const struct runtime_service *service)
{
    struct err err = {0};
    EXPECT(runtime_apply_service(fixture->runtime, service, &err));
}

/* Answers with what it was asked; runs as a child, see run_echo below. */
static void echo(struct http_exchange *exchange, void *app)
{
    (void)app;
    printf("got %s %s\n", exchange->method, exchange->path);
    fflush(stdout);
    if (str_ends(exchange->path, "/crash"))
        abort();
    struct http_reply reply = {.status = 200, .content_type = "text/plain"};
    buf_add_format(&reply.body, "%s %s%s%s %s [%s %s %s] %s", exchange->method, exchange->path,
                   exchange->query ? "?" : "", exchange->query ? exchange->query : "",
                   headers_get(&exchange->headers, "X-Forwarded-Proto"), getenv("K_SERVICE"),
                   getenv("K_REVISION"), getenv("TEST_VALUE") ? getenv("TEST_VALUE") : "",
                   exchange->body.data ? exchange->body.data : "");
    http_exchange_reply(exchange, &reply);
}

__attribute__((constructor)) static void run_echo(void)
{
    struct err err = {0};
    int64_t port;
    if (!getenv("K_SERVICE") || !str_int(getenv("PORT"), 1, 65535, &port))
        return;
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    struct http_server_options options = {.port = (uint16_t)port, .handle = echo, .threads = 1};
    struct http_server *server = http_server_open(&options, &err);
    int signal;
    sigwait(&ends, &signal);
    http_server_close(server);
    printf("bye\n");
    exit(server ? EXIT_SUCCESS : EXIT_FAILURE);
}

TEST(the_first_request_starts_a_service_and_is_answered)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    link_echo(&fixture);
    struct runtime_service hello = service("hello", "docker.io/{username}/echo-csharp:v1");
    apply_service(&fixture, &hello);
    EXPECT_INT(fixture.ready_pods, 0);
    struct got got = request(&fixture, "POST", "/default/services/hello/a/b?c=d", NULL, "body");
    EXPECT_INT(got.status, 200);
    EXPECT_STR(got.body, "POST /a/b?c=d http [hello r-00001 ] body");
    static const char *const host[] = {"Host", "hello.default.svc.cluster.local", NULL};
    EXPECT_STR(request(&fixture, "PUT", "/x", host, "y").body, "PUT /x http [hello r-00001 ] y");
    static const char *const local[] = {"Host", "hello.default.localhost:8484", NULL};
    EXPECT_INT(request(&fixture, "GET", "/", local, NULL).status, 200);
    EXPECT_INT(request(&fixture, "HEAD", "/", local, NULL).status, 200);
}

TEST(an_event_of_a_channel_starts_its_subscribers_service)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    link_echo(&fixture);
    struct runtime_service hello = service("hello", "echo");
    apply_service(&fixture, &hello);
    apply_channel(&fixture, "c", false);
    subscribe(
        &fixture, "s", "c",
        (struct runtime_destination){.to = DESTINATION_SERVICE, .ns = "default", .name = "hello"});
    EXPECT_INT(post(&fixture, "/default/channels/c", "x"), 202);
    EXPECT_INT(fixture.ready_pods, 1);
}

struct burst {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int ended, good;
};

static void on_burst(struct http_response *answer, const struct err *err, void *context)
{
    (void)err;
    struct burst *burst = context;
    pthread_mutex_lock(&burst->lock);
    burst->ended++;
    burst->good += answer && answer->status == 200;
    pthread_cond_broadcast(&burst->changed);
    pthread_mutex_unlock(&burst->lock);
}

TEST(a_hundred_requests_at_once_during_the_start_are_all_answered)
{
    enum { REQUESTS = 100 };
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    link_echo(&fixture);
    struct runtime_service hello = service("hello", "echo");
    apply_service(&fixture, &hello);
    OWN(free) char *url =
        str_format("http://127.0.0.1:%u/default/services/hello", runtime_port(fixture.runtime));
    struct burst burst = {0};
    pthread_mutex_init(&burst.lock, NULL);
    pthread_cond_init(&burst.changed, NULL);
    struct http_call call = {.url = url, .body = bytes_of("x")};
    for (int i = 0; i < REQUESTS; i++)
        http_client_start(fixture.client, &call, on_burst, &burst);
    WAIT(&burst, burst.ended == REQUESTS);
    EXPECT_INT(burst.good, REQUESTS);
    EXPECT_INT(fixture.ready_pods, 1);
}

TEST(a_service_without_requests_is_stopped_and_its_log_stays)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    link_echo(&fixture);
    struct runtime_service hello = service("hello", "echo");
    hello.idle_ns = 50 * NS_PER_MS;
    apply_service(&fixture, &hello);
    EXPECT_INT(request(&fixture, "GET", "/default/services/hello/once", NULL, NULL).status, 200);
    WAIT(&fixture, fixture.ended_pods == 1);

    struct err err = {0};
    struct serving_log_position at = {0};
    bool ended = false;
    OWN(buf) struct buf log = {0};
    struct serving_log_request ask = {.ns = "default", .pod = fixture.pod, .tail = -1};
    EXPECT(runtime_log_read(fixture.runtime, &ask, &at, &log, &ended, &err));
    EXPECT(ended);
    EXPECT_STR(log.data, "got GET /once\nbye\n");
    EXPECT_INT(request(&fixture, "GET", "/default/services/hello/again", NULL, NULL).status, 200);
}

TEST(a_service_gets_the_variables_and_files_of_its_container)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    link_echo(&fixture);
    struct serving_variable variable = {"TEST_VALUE", "/var/secrets/google/key.json"};
    struct serving_file file = {"/var/secrets/google/key.json", bytes_of("{}")};
    struct runtime_service hello = service("hello", "echo");
    hello.container.variables = &variable;
    hello.container.variable_count = 1;
    hello.container.files = &file;
    hello.container.file_count = 1;
    apply_service(&fixture, &hello);
    struct got got = request(&fixture, "GET", "/default/services/hello", NULL, NULL);
    char *path = strstr(got.body, "r-00001 ") + strlen("r-00001 ");
    *strchr(path, ']') = '\0';
    OWN(buf) struct buf content = {0};
    struct err err = {0};
    EXPECT(str_starts(path, fixture.dir));
    EXPECT(file_read(path, &content, &err));
    EXPECT_STR(content.data, "{}");
}

TEST(an_image_that_no_program_answers_to_fails_with_the_remedy)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    struct runtime_service absent = service("absent", "gcr.io/p/absent:v1");
    apply_service(&fixture, &absent);
    WAIT(&fixture, str_equal(fixture.reason, "ErrImagePull"));
    EXPECT_STR(fixture.waiting, "ErrImagePull");
    struct got got = request(&fixture, "GET", "/default/services/absent", NULL, NULL);
    EXPECT_INT(got.status, 503);
    EXPECT_HAS(got.body, "no program absent in");
    EXPECT_HAS(got.body, "--image absent=COMMAND");
}

TEST(a_service_that_crashes_at_start_backs_off_and_its_log_tells_why)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    write_program(&fixture, "broken", "#!/bin/sh\necho no database\nexit 3\n");
    struct runtime_service broken = service("broken", "broken");
    apply_service(&fixture, &broken);
    struct got got = request(&fixture, "GET", "/default/services/broken", NULL, NULL);
    EXPECT_INT(got.status, 503);
    EXPECT_HAS(got.body, "exited with 3");
    WAIT(&fixture, str_equal(fixture.waiting, "CrashLoopBackOff"));
    EXPECT(fixture.restarts >= 1);
    EXPECT_HAS(fixture.events, "BackOff");

    struct err err = {0};
    struct serving_log_position at = {0};
    bool ended = false;
    OWN(buf) struct buf log = {0};
    struct serving_log_request ask = {
        .ns = "default", .pod = fixture.pod, .tail = -1, .previous = true};
    EXPECT(runtime_log_read(fixture.runtime, &ask, &at, &log, &ended, &err));
    EXPECT_STR(log.data, "no database\n");
}

TEST(a_service_that_dies_in_the_middle_of_a_request_is_started_again)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    link_echo(&fixture);
    struct runtime_service hello = service("hello", "echo");
    apply_service(&fixture, &hello);
    EXPECT_INT(request(&fixture, "GET", "/default/services/hello/crash", NULL, NULL).status, 502);
    WAIT(&fixture, fixture.restarts >= 1);
    EXPECT_INT(request(&fixture, "GET", "/default/services/hello/fine", NULL, NULL).status, 200);
    EXPECT_INT(fixture.restarts, 1);
}

/* Whether all threads of a process have ended. */
static bool is_dead(pid_t pid)
{
    struct process_stat stat;
    return !process_read_stat(pid, &stat) || (stat.state == 'Z' && stat.threads <= 1);
}

TEST(a_request_to_a_service_that_was_just_killed_waits_for_the_next_one)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    link_echo(&fixture);
    struct runtime_service hello = service("hello", "echo");
    apply_service(&fixture, &hello);
    EXPECT_INT(request(&fixture, "GET", "/default/services/hello/fine", NULL, NULL).status, 200);
    pthread_mutex_lock(&fixture.lock);
    int pid = fixture.pid;
    pthread_mutex_unlock(&fixture.lock);
    kill(pid, SIGKILL);
    while (!is_dead(pid))
        ;
    EXPECT_INT(request(&fixture, "GET", "/default/services/hello/fine", NULL, NULL).status, 200);
    WAIT(&fixture, fixture.restarts == 1);
}

TEST(a_service_that_does_not_answer_in_time_gives_504)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    write_program(&fixture, "deaf", "#!/bin/sh\nexec sleep 600\n");
    struct runtime_service deaf = service("deaf", "deaf");
    deaf.timeout_ns = 100 * NS_PER_MS;
    apply_service(&fixture, &deaf);
    EXPECT_INT(request(&fixture, "GET", "/default/services/deaf", NULL, NULL).status, 504);
}

TEST(a_new_revision_replaces_the_old_one)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    link_echo(&fixture);
    struct runtime_service hello = service("hello", "echo");
    apply_service(&fixture, &hello);
    EXPECT_INT(request(&fixture, "GET", "/default/services/hello", NULL, NULL).status, 200);
    hello.revision = "r-00002";
    apply_service(&fixture, &hello);
    struct got got = request(&fixture, "GET", "/default/services/hello", NULL, NULL);
    EXPECT_STR(got.body, "GET / http [hello r-00002 ] ");
    WAIT(&fixture, fixture.ended_pods == 1);
}

TEST(a_service_that_was_removed_is_stopped_and_forgotten)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    link_echo(&fixture);
    struct runtime_service hello = service("hello", "echo");
    apply_service(&fixture, &hello);
    EXPECT_INT(request(&fixture, "GET", "/default/services/hello", NULL, NULL).status, 200);
    runtime_remove(fixture.runtime, (struct resource_id){RESOURCE_SERVICE, "default", "hello"});
    EXPECT_INT(request(&fixture, "GET", "/default/services/hello", NULL, NULL).status, 404);
    WAIT(&fixture, fixture.gone_pods == 1);
}

TEST(a_pod_that_was_deleted_is_replaced_when_it_is_needed)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    link_echo(&fixture);
    struct runtime_service hello = service("hello", "echo");
    apply_service(&fixture, &hello);
    EXPECT_INT(request(&fixture, "GET", "/default/services/hello", NULL, NULL).status, 200);
    EXPECT(runtime_delete_pod(fixture.runtime, "default", fixture.pod));
    WAIT(&fixture, fixture.ended_pods == 1);
    EXPECT_INT(request(&fixture, "GET", "/default/services/hello", NULL, NULL).status, 200);
    EXPECT(!runtime_delete_pod(fixture.runtime, "default", "no-such-pod"));
}

TEST(a_source_runs_with_its_sink_and_is_started_again_when_it_ends)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    write_program(&fixture, "beat",
                  "#!/bin/sh\necho \"$NAMESPACE $NAME $K_SINK $K_CE_OVERRIDES\"\n");
    struct err err = {0};
    struct runtime_source source = {
        .ns = "default",
        .name = "containersource/beats",
        .pod_base = "beats-deployment",
        .container = {.name = "source", .image = "beat"},
        .sink = {.to = DESTINATION_URL, .url = "http://c-kn-channel.default.svc.cluster.local"},
        .overrides = "{\"extensions\":{\"a\":\"b\"}}",
    };
    EXPECT(runtime_apply_source(fixture.runtime, &source, &err));
    WAIT(&fixture, fixture.restarts >= 1);
    struct serving_log_position at = {0};
    bool ended = false;
    OWN(buf) struct buf log = {0};
    struct serving_log_request ask = {.ns = "default", .pod = fixture.pod, .tail = 1};
    while (!log.len)
        EXPECT(runtime_log_read(fixture.runtime, &ask, &at, &log, &ended, &err));
    OWN(free) char *want = str_format("default beats http://127.0.0.1:%u/default/channels/c "
                                      "{\"extensions\":{\"a\":\"b\"}}\n",
                                      runtime_port(fixture.runtime));
    EXPECT_STR(log.data, want);
}

static void forward_to(struct fixture *fixture, const char *name, const char *channel,
                       const char *to)
{
    subscribe(fixture, name, channel,
              (struct runtime_destination){.to = DESTINATION_CHANNEL, .ns = "default", .name = to});
}

/* Nothing takes its events for an hour. */
static void subscribe_stuck(struct fixture *fixture, const char *name, const char *channel)
{
    struct err err = {0};
    struct runtime_subscription stuck = {
        .ns = "default",
        .name = name,
        .channel = channel,
        .subscriber = {.to = DESTINATION_SERVICE, .ns = "default", .name = "absent"},
        .policy = {.retry = 1000, .backoff = BACKOFF_EXPONENTIAL, .delay_ns = 3600 * NS_PER_SEC},
    };
    EXPECT(runtime_apply_subscription(fixture->runtime, &stuck, &err));
}

TEST(the_backlog_of_a_channel_that_leads_to_another_survives_a_restart)
{
    enum { EVENTS = 300 };
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    apply_channel(&fixture, "c1", true);
    subscribe_stuck(&fixture, "s1", "c1");
    for (int i = 0; i < EVENTS; i++)
        EXPECT_INT(post(&fixture, "/default/channels/c1", "x"), 202);
    runtime_close(fixture.runtime);

    open_runtime(&fixture);
    apply_channel(&fixture, "c1", true);
    forward_to(&fixture, "s1", "c1", "c2");
    apply_channel(&fixture, "c2", true);
    for (int i = 0; i < 20; i++) { /* takes a while before all is there */
        OWN(free) char *name = str_format("other%d", i);
        subscribe_stuck(&fixture, name, "c2");
    }
    subscribe_url(&fixture, "s2", "c2", &sink);
    runtime_begin(fixture.runtime);
    sink_wait(&sink, EVENTS);
}

TEST(a_delivery_that_is_under_way_at_the_end_is_waited_for_or_comes_again)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    runtime_close(fixture.runtime);
    fixture.drain_ns = 50 * NS_PER_MS;
    begin_runtime(&fixture);
    write_program(&fixture, "slow", "#!/bin/sh\nexec sleep 600\n");
    struct runtime_service slow = service("slow", "slow");
    apply_service(&fixture, &slow);
    apply_channel(&fixture, "c", true);
    subscribe(
        &fixture, "s", "c",
        (struct runtime_destination){.to = DESTINATION_SERVICE, .ns = "default", .name = "slow"});
    EXPECT_INT(post(&fixture, "/default/channels/c", "kept"), 202);
    runtime_close(fixture.runtime);

    open_runtime(&fixture);
    apply_channel(&fixture, "c", true);
    subscribe_url(&fixture, "s", "c", &sink);
    runtime_begin(fixture.runtime);
    sink_wait(&sink, 1);
    EXPECT_STR(sink.last, "kept");
}

TEST(channels_in_a_row_use_no_connections_to_ourselves)
{
    enum { EVENTS = 200 };
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    apply_channel(&fixture, "a", true);
    apply_channel(&fixture, "b", false);
    apply_channel(&fixture, "c", false);
    forward_to(&fixture, "ab", "a", "b");
    OWN(free) char *own =
        str_format("http://127.0.0.1:%u/default/channels/c", runtime_port(fixture.runtime));
    subscribe(&fixture, "bc", "b", (struct runtime_destination){.to = DESTINATION_URL, .url = own});
    subscribe_url(&fixture, "c", "c", &sink);
    for (int i = 0; i < EVENTS; i++)
        EXPECT_INT(post(&fixture, "/default/channels/a", "x"), 202);
    sink_wait(&sink, EVENTS);
    EXPECT_STR(headers_get(&sink.headers, "X-Request-Id"), "r");
}

TEST(a_store_that_cannot_be_read_makes_its_channels_refuse_events_and_say_why)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    struct err err = {0};
    fixture_open(&fixture);
    sink_open(&sink);
    OWN(free) char *path = str_format("%s/channels.db", fixture.dir);
    EXPECT(file_write(path, 0600, bytes_of("this is surely not a database, but a text"), &err));
    struct runtime_channel channel = {.ns = "default", .name = "c", .durable = true};
    EXPECT(!runtime_apply_channel(fixture.runtime, &channel, &err));
    EXPECT_HAS(err.text, "channels.db");
    struct got got = request(&fixture, "POST", "/default/channels/c", EVENT, "x");
    EXPECT_INT(got.status, 503);
    EXPECT_HAS(got.body, "channels.db");

    EXPECT_INT(unlink(path), 0); /* mended: the next pass opens it */
    err = (struct err){0};
    EXPECT(runtime_apply_channel(fixture.runtime, &channel, &err));
    subscribe_url(&fixture, "s", "c", &sink);
    EXPECT_INT(post(&fixture, "/default/channels/c", "x"), 202);
    sink_wait(&sink, 1);
}

TEST(a_pingsource_sends_its_event_by_the_clock)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    apply_channel(&fixture, "c", false);
    subscribe_url(&fixture, "s", "c", &sink);
    struct err err = {0};
    struct runtime_ping ping = {
        .ns = "default",
        .name = "pingsource/tick",
        .schedule = "* * * * * *",
        .data = bytes_of("tick"),
        .sink = {.to = DESTINATION_CHANNEL, .ns = "default", .name = "c"},
        .overrides = "{\"extensions\":{\"own\":\"x\"}}",
    };
    EXPECT(runtime_apply_ping(fixture.runtime, &ping, &err));
    sink_wait(&sink, 1);
    EXPECT_STR(headers_get(&sink.headers, "ce-type"), "dev.knative.sources.ping");
    EXPECT_STR(headers_get(&sink.headers, "ce-source"),
               "/apis/v1/namespaces/default/pingsources/tick");
    EXPECT_STR(headers_get(&sink.headers, "ce-own"), "x");
    EXPECT(headers_get(&sink.headers, "ce-time") != NULL);
    EXPECT(headers_get(&sink.headers, "Content-Type") == NULL);
    EXPECT_STR(sink.last, "tick");
    runtime_remove(fixture.runtime,
                   (struct resource_id){RESOURCE_SOURCE, "default", "pingsource/tick"});
}

TEST(the_end_does_not_wait_for_a_pingsource_that_tries_again)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    struct err err = {0};
    fixture_open(&fixture);
    runtime_close(fixture.runtime);
    fixture.drain_ns = NS_PER_MS;
    begin_runtime(&fixture);
    sink_open(&sink);
    sink.status = 503;
    OWN(free) char *url = sink_url(&sink);
    struct runtime_ping ping = {.ns = "default",
                                .name = "pingsource/tick",
                                .schedule = "* * * * * *",
                                .sink = {.to = DESTINATION_URL, .url = url}};
    EXPECT(runtime_apply_ping(fixture.runtime, &ping, &err));
    sink_wait(&sink, 2);
}

TEST(a_pingsource_with_a_bad_schedule_or_zone_is_refused)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    struct err err = {0};
    EXPECT(!runtime_schedule_valid("@every 1m", NULL, &err));
    EXPECT_HAS(err.text, "@every is not supported");
    err = (struct err){0};
    EXPECT(!runtime_schedule_valid("* * * * *", "Mars/Olympus", &err));
    EXPECT_HAS(err.text, "unknown time zone Mars/Olympus");
    err = (struct err){0};
    struct runtime_ping ping = {.ns = "default",
                                .name = "pingsource/tick",
                                .schedule = "* * * * *",
                                .sink = {.to = DESTINATION_URL, .url = "http://127.0.0.1:1/"},
                                .overrides = "{\"extensions\":{\"bad_name\":\"x\"}}"};
    EXPECT(!runtime_apply_ping(fixture.runtime, &ping, &err));
    EXPECT_INT(err.status, ERR_INPUT);
}
