/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is lost: 20,000 events go through a channel on disk to two subscribers, while the data
 * plane and the subscribers are killed again and again at moments that nobody has chosen. The
 * ledger, in memory that outlives them all, says which event arrived where. */
#include "base/env.h"
#include "base/file.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/dataplane/runtime.h"
#include "net/client/http_client.h"
#include "net/server/http_server.h"
#include "tests/helpers/arrival_log.h"
#include "tests/helpers/sockets.h"
#include "tests/helpers/test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void rest(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2 * NS_PER_MS}, NULL);
}

static void write_down(struct http_exchange *exchange, void *app)
{
    bool known = arrival_log_record(app, str_equal(exchange->path, "/1"),
                                    headers_get(&exchange->headers, "ce-id"));
    http_exchange_reply_empty(exchange, known ? 202 : 400);
}

static bool subscriber(const char *dir, uint16_t port, struct err *err)
{
    OWN(free) char *path = str_format("%s/ledger", dir);
    struct http_server_options options = {
        .port = port, .threads = 4, .handle = write_down, .app = arrival_log_map(path)};
    return http_server_open(&options, err) != NULL;
}

static bool subscribe(struct runtime *runtime, int number, uint16_t port, struct err *err)
{
    OWN(free) char *url = str_format("http://127.0.0.1:%u/%d", port, number);
    OWN(free) char *name = str_format("s%d", number);
    struct runtime_subscription subscription = {
        .ns = "default",
        .name = name,
        .channel = "c",
        .subscriber = {.to = DESTINATION_URL, .url = url},
        .policy = {.retry = 1000000, .backoff = BACKOFF_LINEAR, .delay_ns = 2 * NS_PER_MS},
    };
    return runtime_apply_subscription(runtime, &subscription, err);
}

static bool data_plane(const char *dir, uint16_t port, uint16_t to, struct err *err)
{
    struct runtime_options options = {.data_dir = dir, .port = port};
    struct runtime *runtime = runtime_open(&options, err);
    struct runtime_channel channel = {.ns = "default", .name = "c", .durable = true};
    bool good = runtime && runtime_apply_channel(runtime, &channel, err);
    for (int i = 0; good && i < ARRIVAL_LOG_READERS; i++)
        good = subscribe(runtime, i, to, err);
    if (good)
        runtime_begin(runtime);
    return good;
}

static bool open_role(const char *role, uint16_t port, uint16_t to)
{
    struct err err = {0};
    const char *dir = getenv("KILL_DIR");
    return str_equal(role, "subscriber") ? subscriber(dir, port, &err)
                                         : data_plane(dir, port, to, &err);
}

/* Opens what the role asks for; again while somebody's connection has the killed one's port. */
__attribute__((constructor)) static void play_role(void)
{
    const char *role = getenv("KILL_ROLE");
    int64_t port, to;
    if (!role)
        return;
    struct err err = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!env_int("KILL_PORT", 1, 65535, 0, &port, &err) ||
        !env_int("KILL_TO", 1, 65535, 0, &to, &err))
        _exit(2);
    while (!open_role(role, (uint16_t)port, (uint16_t)to))
        rest();
    for (;;)
        pause();
}

struct actor {
    const char *role;
    uint16_t port, to;
    pid_t pid;
};

struct fixture {
    char dir[64];
    struct arrival_log *ledger;
    struct actor actors[2];
    struct http_client *client;
    atomic_uint next; /* event */
};

static void start(const struct fixture *scene, struct actor *actor)
{
    OWN(free) char *role = str_format("KILL_ROLE=%s", actor->role);
    OWN(free) char *port = str_format("KILL_PORT=%u", actor->port);
    OWN(free) char *to = str_format("KILL_TO=%u", actor->to);
    OWN(free) char *dir = str_format("KILL_DIR=%s", scene->dir);
    char *env[] = {role, port, to, dir, (char *)(uintptr_t) "ASAN_OPTIONS=detect_leaks=0", NULL};
    char *argv[] = {(char *)(uintptr_t) "/proc/self/exe", NULL};
    actor->pid = fork();
    EXPECT(actor->pid >= 0);
    if (actor->pid == 0) {
        execve(argv[0], argv, env);
        _exit(127);
    }
}

static void stop(struct actor *actor)
{
    kill(actor->pid, SIGKILL);
    waitpid(actor->pid, NULL, 0);
}

static void open_scene(struct fixture *scene)
{
    struct err err = {0};
    memset(scene, 0, sizeof(*scene));
    strcpy(scene->dir, "/tmp/channel-kill-XXXXXX");
    EXPECT(mkdtemp(scene->dir) != NULL);
    OWN(free) char *path = str_format("%s/ledger", scene->dir);
    scene->ledger = arrival_log_map(path);
    scene->actors[1] = (struct actor){.role = "subscriber", .port = free_port(), .to = 1};
    scene->actors[0] =
        (struct actor){.role = "plane", .port = free_port(), .to = scene->actors[1].port};
    scene->client = http_client_open(NULL, &err);
    for (size_t i = 0; i < ARRAY_SIZE(scene->actors); i++)
        start(scene, &scene->actors[i]);
}

static void own_fixture(struct fixture *scene)
{
    struct err err = {0};
    for (size_t i = 0; i < ARRAY_SIZE(scene->actors); i++)
        stop(&scene->actors[i]);
    http_client_close(scene->client);
    munmap(scene->ledger, sizeof(*scene->ledger));
    file_remove_tree(scene->dir, &err);
}

/* Sends an event until the channel has taken it. */
static void publish(struct fixture *scene, unsigned number)
{
    OWN(free) char *id = str_format("%u", number);
    OWN(free)
    char *url = str_format("http://127.0.0.1:%u/default/channels/c", scene->actors[0].port);
    OWN(headers) struct headers headers = {0};
    headers_add(&headers, "ce-specversion", "1.0");
    headers_add(&headers, "ce-type", "t");
    headers_add(&headers, "ce-source", "/s");
    headers_add(&headers, "ce-id", id);
    struct http_call call = {.url = url, .headers = &headers, .body = bytes_of("x")};
    for (int status = 0; status != 202; rest()) {
        struct err err = {0};
        OWN(http_response) struct http_response answer = {0};
        http_client_send(scene->client, &call, &answer, &err);
        status = answer.status;
        if (status == 202)
            break;
    }
    atomic_fetch_add(&scene->ledger->published, 1);
}

static void *publish_all(void *context)
{
    struct fixture *scene = context;
    for (unsigned number; (number = atomic_fetch_add(&scene->next, 1)) < ARRIVAL_LOG_EVENTS;)
        publish(scene, number);
    return NULL;
}

static void kill_one(void *context, unsigned number)
{
    struct fixture *scene = context;
    struct actor *actor = &scene->actors[number % ARRAY_SIZE(scene->actors)];
    stop(actor);
    start(scene, actor);
}

TEST(every_event_arrives_at_every_subscriber_although_all_are_killed_at_random)
{
    OWN(fixture) struct fixture scene;
    open_scene(&scene);
    struct crash_test trial = {publish_all, kill_one, &scene};
    crash_test_run(scene.ledger, &trial);
}
