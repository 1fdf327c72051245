/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing lost, over the whole way: messages published to gcp-local go by pubsub-source and a
 * channel on disk to two services, while kn-local, gcp-local, the source and the services are
 * killed again and again at moments that nobody has chosen. */
#include "base/base64.h"
#include "base/env.h"
#include "base/file.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "net/client/http_client.h"
#include "net/server/http_server.h"
#include "tests/helpers/arrival_log.h"
#include "tests/helpers/process.h"
#include "tests/helpers/sockets.h"
#include "tests/helpers/test.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 20, MOST_CHILDREN = 16 };

static const char MANIFEST[] =
    "apiVersion: messaging.knative.dev/v1\n"
    "kind: Channel\n"
    "metadata: {name: c}\n"
    "---\n"
    "apiVersion: sources.knative.dev/v1\n"
    "kind: ContainerSource\n"
    "metadata: {name: s}\n"
    "spec:\n"
    "  template:\n"
    "    spec:\n"
    "      containers:\n"
    "      - name: adapter\n"
    "        image: pubsub-source\n"
    "        env:\n"
    "        - {name: GOOGLE_CLOUD_PROJECT, value: demo}\n"
    "        - {name: PUBSUB_SUBSCRIPTION, value: ledger}\n"
    "        - {name: EVENT_FORM, value: raw}\n"
    "  sink:\n"
    "    ref: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: c}\n";

static const char READER[] =
    "---\n"
    "apiVersion: serving.knative.dev/v1\n"
    "kind: Service\n"
    "metadata: {name: reader-%d}\n"
    "spec:\n"
    "  template:\n"
    "    spec:\n"
    "      containers:\n"
    "      - image: ledger\n"
    "        env:\n"
    "        - {name: LEDGER_FILE, value: %s/ledger}\n"
    "        - {name: LEDGER_READER, value: '%d'}\n"
    "---\n"
    "apiVersion: messaging.knative.dev/v1\n"
    "kind: Subscription\n"
    "metadata: {name: reader-%d}\n"
    "spec:\n"
    "  channel: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: c}\n"
    "  subscriber:\n"
    "    ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: reader-%d}\n"
    "  delivery: {retry: 10000, backoffPolicy: linear, backoffDelay: PT0.01S}\n";

static void rest(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5 * NS_PER_MS}, NULL);
}

struct service {
    struct arrival_log *ledger;
    size_t reader;
};

static void write_down(struct http_exchange *exchange, void *app)
{
    struct service *service = app;
    OWN(free) char *text = str_copy_bytes(buf_bytes(&exchange->body));
    http_exchange_reply_empty(
        exchange, arrival_log_record(service->ledger, service->reader, text) ? 202 : 400);
}

__attribute__((constructor)) static void play_service(void)
{
    const char *file = getenv("LEDGER_FILE");
    int64_t port, reader;
    if (!file)
        return;
    struct err err = {0};
    if (!env_int("PORT", 1, 65535, 0, &port, &err) ||
        !env_int("LEDGER_READER", 0, ARRIVAL_LOG_READERS - 1, 0, &reader, &err))
        _exit(2);
    struct service service = {arrival_log_map(file), (size_t)reader};
    struct http_server_options options = {
        .port = (uint16_t)port, .threads = 4, .handle = write_down, .app = &service};
    if (!http_server_open(&options, &err))
        _exit(1);
    for (;;)
        pause();
}

struct scene {
    char dir[64];
    struct arrival_log *ledger;
    struct process kn;
    uint16_t ports[4]; /* events, API, Google, Google with TLS */
    char *topic;       /* its URL */
    struct http_client *client;
    atomic_uint next; /* event */
};

static void write_manifest(const struct scene *scene)
{
    struct err err = {0};
    OWN(buf) struct buf text = {0};
    OWN(free) char *path = str_format("%s/all.yaml", scene->dir);
    buf_add_text(&text, MANIFEST);
    for (int i = 0; i < ARRIVAL_LOG_READERS; i++)
        buf_add_format(&text, READER, i, scene->dir, i, i, i);
    EXPECT(file_write(path, 0600, buf_bytes(&text), &err));
}

static void start(struct scene *scene)
{
    char self[256] = {0};
    EXPECT(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    OWN(free) char *data_dir = str_format("%s/data", scene->dir);
    OWN(free) char *manifest = str_format("%s/all.yaml", scene->dir);
    OWN(free) char *image = str_format("ledger=%s", self);
    char ports[4][8];
    for (size_t i = 0; i < ARRAY_SIZE(scene->ports); i++)
        snprintf(ports[i], sizeof(ports[i]), "%u", scene->ports[i]);
    const char *const arguments[] = {
        "up",     "-f",     manifest,     "--data-dir", data_dir,     "--image", image,
        "--port", ports[0], "--api-port", ports[1],     "--gcp-port", ports[2],  "--gcp-tls-port",
        ports[3], NULL};
    process_start(&scene->kn, "kn-local", arguments, NULL);
    process_await(&scene->kn, "kn-local takes events");
}

/* The processes that kn-local has started: gcp-local, the source, services. */
static size_t children_of(pid_t parent, pid_t children[MOST_CHILDREN])
{
    size_t count = 0;
    DIR *processes = opendir("/proc");
    for (const struct dirent *entry; (entry = readdir(processes)) && count < MOST_CHILDREN;) {
        pid_t pid = (pid_t)atoi(entry->d_name);
        struct process_stat stat;
        if (pid > 0 && process_read_stat(pid, &stat) && stat.parent == parent)
            children[count++] = pid;
    }
    closedir(processes);
    return count;
}

static void kill_one(void *context, unsigned number)
{
    struct scene *scene = context;
    pid_t children[MOST_CHILDREN];
    size_t count = children_of(scene->kn.pid, children);
    size_t victim = number % (count + 1);
    if (victim < count) {
        kill(children[victim], SIGKILL);
        return;
    }
    process_stop(&scene->kn, SIGKILL);
    start(scene);
}

static int ask(struct scene *scene, const char *method, const char *what, struct bytes body)
{
    struct err err = {0};
    OWN(headers) struct headers headers = {0};
    headers_add(&headers, "Content-Type", "application/json");
    OWN(free) char *url =
        str_format("http://127.0.0.1:%u/v1/projects/demo/%s", scene->ports[2], what);
    struct http_call call = {.method = method, .url = url, .headers = &headers, .body = body};
    OWN(http_response) struct http_response answer = {0};
    http_client_send(scene->client, &call, &answer, &err);
    return answer.status;
}

/* Publishes events until Pub/Sub has taken them. */
static void publish(struct scene *scene, unsigned from, unsigned to)
{
    OWN(buf) struct buf body = {0};
    for (unsigned i = from; i < to; i++) {
        OWN(free) char *number = str_format("%u", i);
        OWN(free) char *data = base64_encode(bytes_of(number));
        buf_add_format(&body, "%s{\"data\":\"%s\"}", i > from ? "," : "{\"messages\":[", data);
    }
    buf_add_text(&body, "]}");
    while (ask(scene, "POST", "topics/testing:publish", buf_bytes(&body)) != 200)
        rest();
    atomic_fetch_add(&scene->ledger->published, to - from);
}

static void *publish_all(void *context)
{
    struct scene *scene = context;
    for (unsigned from; (from = atomic_fetch_add(&scene->next, BATCH)) < ARRIVAL_LOG_EVENTS;)
        publish(scene, from, from + BATCH);
    return NULL;
}

static void open_scene(struct scene *scene)
{
    struct err err = {0};
    *scene = (struct scene){.dir = "/tmp/kill-all-XXXXXX"};
    EXPECT(mkdtemp(scene->dir) != NULL);
    OWN(free) char *ledger = str_format("%s/ledger", scene->dir);
    scene->ledger = arrival_log_map(ledger);
    for (size_t i = 0; i < ARRAY_SIZE(scene->ports); i++)
        scene->ports[i] = free_port();
    scene->client = http_client_open(NULL, &err);
    write_manifest(scene);
    start(scene);
    EXPECT_INT(ask(scene, "PUT", "topics/testing", bytes_of("{}")), 200);
    EXPECT_INT(ask(scene, "PUT", "subscriptions/ledger",
                   bytes_of("{\"topic\":\"projects/demo/topics/testing\"}")),
               200);
}

static void own_scene(struct scene *scene)
{
    struct err err = {0};
    process_stop(&scene->kn, SIGTERM);
    http_client_close(scene->client);
    munmap(scene->ledger, sizeof(*scene->ledger));
    file_remove_tree(scene->dir, &err);
}

TEST(every_message_arrives_at_every_service_although_every_process_is_killed_at_random)
{
    OWN(scene) struct scene scene;
    open_scene(&scene);
    struct crash_test trial = {publish_all, kill_one, &scene};
    crash_test_run(scene.ledger, &trial);
}
