/* SPDX-License-Identifier: Apache-2.0 */
/* The data plane over real sockets: services and sources as processes. */
#include "tests/kn-local/dataplane/runtime_fixture.h"

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
