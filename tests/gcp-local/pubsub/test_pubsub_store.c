/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local's Pub/Sub on disk: what was answered survives, however the process ended. */
#include "base/base64.h"
#include "base/sqlite.h"
#include "base/str.h"
#include "gcp-local/pubsub/rest/pubsub_rest.h"
#include "tests/helpers/pubsub_server.h"
#include "tests/helpers/test.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A temporary folder, removed with the test. */
static char *make_dir(void)
{
    char *dir = str_copy("/tmp/pubsub-test-XXXXXX");
    EXPECT(mkdtemp(dir));
    return dir;
}

static void own_dir(char **local)
{
    DIR *dir = opendir(*local);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(*local);
    free(*local);
}

static void set_up(struct pubsub_server *server)
{
    pubsub_server_expect(server, "PUT", "topics/news", "{\"labels\":{\"a\":\"b\"}}", 200, NULL);
    pubsub_server_expect(server, "PUT", "subscriptions/reader",
                         "{\"topic\":\"projects/demo/topics/news\",\"retainAckedMessages\":true}",
                         200, NULL);
    pubsub_server_expect(server, "PUT", "subscriptions/other",
                         "{\"topic\":\"projects/demo/topics/news\",\"filter\":\"attributes:x\"}",
                         200, NULL);
}

static void expect_data(struct pubsub_server *server, const char *subscription, const char *want)
{
    json_auto_t *received = pubsub_server_pull(server, subscription);
    OWN(free) char *data = pubsub_server_data(received);
    EXPECT_STR(data, want);
}

TEST(topics_subscriptions_messages_and_policies_survive_a_restart)
{
    OWN(dir) char *dir = make_dir();
    struct pubsub_server *server = pubsub_server_open(dir, NULL);
    set_up(server);
    pubsub_server_publish_text(server, "news", "one", "key");
    pubsub_server_publish_text(server, "news", "two", NULL);
    pubsub_server_expect(
        server, "POST", "topics/news:publish",
        "{\"messages\":[{\"data\":\"dGhyZWU=\",\"attributes\":{\"x\":\"\\u00e9\"}}]}", 200, NULL);
    pubsub_server_expect(server, "POST", "topics/news:setIamPolicy",
                         "{\"policy\":{\"bindings\":[{\"role\":\"r\"}]}}", 200, NULL);
    pubsub_server_close(server);

    server = pubsub_server_open(dir, NULL);
    pubsub_server_expect(server, "GET", "topics/news", NULL, 200, "{\"a\":\"b\"}");
    pubsub_server_expect(server, "GET", "subscriptions/other", NULL, 200, "attributes:x");
    pubsub_server_expect(server, "GET", "topics/news:getIamPolicy", NULL, 200, "\"role\":\"r\"");
    expect_data(server, "reader", "one,two,three");
    pubsub_server_expect(server, "POST", "subscriptions/other:pull",
                         "{\"maxMessages\":10,\"returnImmediately\":true}", 200,
                         "\"message\":{\"data\":\"dGhyZWU=\",\"attributes\":{\"x\":\"é\"}");
    pubsub_server_close(server);
}

TEST(acked_messages_stay_acked_and_can_be_sought_back_to_after_a_restart)
{
    OWN(dir) char *dir = make_dir();
    struct pubsub_server *server = pubsub_server_open(dir, NULL);
    set_up(server);
    pubsub_server_publish_text(server, "news", "one", NULL);
    json_auto_t *received = pubsub_server_pull(server, "reader");
    pubsub_server_ack_all(server, "reader", received);
    pubsub_server_publish_text(server, "news", "two", NULL);
    pubsub_server_close(server);

    server = pubsub_server_open(dir, NULL);
    expect_data(server, "reader", "two");
    pubsub_server_expect(server, "POST", "subscriptions/reader:seek",
                         "{\"time\":\"2020-01-01T00:00:00Z\"}", 200, NULL);
    pubsub_server_close(server);
    server = pubsub_server_open(dir, NULL);
    expect_data(server, "reader", "one,two");
    pubsub_server_close(server);
}

TEST(an_ack_id_is_not_valid_after_a_restart)
{
    OWN(dir) char *dir = make_dir();
    struct pubsub_server *server = pubsub_server_open(dir, NULL);
    set_up(server);
    pubsub_server_publish_text(server, "news", "one", NULL);
    json_auto_t *received = pubsub_server_pull(server, "reader");
    pubsub_server_close(server);

    server = pubsub_server_open(dir, NULL);
    json_auto_t *again = pubsub_server_pull(server, "reader");
    EXPECT_INT(json_array_size(again), 1);
    pubsub_server_ack_all(server, "reader", received);
    pubsub_server_nack_all(server, "reader", again);
    expect_data(server, "reader", "one");
    pubsub_server_close(server);
}

TEST(snapshots_keep_their_messages_across_a_restart)
{
    OWN(dir) char *dir = make_dir();
    struct pubsub_server *server = pubsub_server_open(dir, NULL);
    pubsub_server_expect(server, "PUT", "topics/news", "{}", 200, NULL);
    pubsub_server_expect(server, "PUT", "subscriptions/reader",
                         "{\"topic\":\"projects/demo/topics/news\"}", 200, NULL);
    pubsub_server_publish_text(server, "news", "one", NULL);
    pubsub_server_expect(server, "PUT", "snapshots/here",
                         "{\"subscription\":\"projects/demo/subscriptions/reader\"}", 200, NULL);
    json_auto_t *received = pubsub_server_pull(server, "reader");
    pubsub_server_ack_all(server, "reader", received);
    pubsub_server_close(server);

    server = pubsub_server_open(dir, NULL);
    expect_data(server, "reader", "");
    pubsub_server_expect(server, "POST", "subscriptions/reader:seek",
                         "{\"snapshot\":\"projects/demo/snapshots/here\"}", 200, NULL);
    expect_data(server, "reader", "one");
    pubsub_server_close(server);
}

TEST(what_was_deleted_stays_deleted)
{
    OWN(dir) char *dir = make_dir();
    struct pubsub_server *server = pubsub_server_open(dir, NULL);
    set_up(server);
    pubsub_server_publish_text(server, "news", "one", NULL);
    pubsub_server_expect(server, "DELETE", "topics/news", NULL, 200, NULL);
    pubsub_server_expect(server, "DELETE", "subscriptions/other", NULL, 200, NULL);
    pubsub_server_close(server);

    server = pubsub_server_open(dir, NULL);
    pubsub_server_expect(server, "GET", "topics", NULL, 200, "{}");
    pubsub_server_expect(server, "GET", "subscriptions/other", NULL, 404, NULL);
    pubsub_server_expect(server, "GET", "subscriptions/reader", NULL, 200, "_deleted-topic_");
    expect_data(server, "reader", "one");
    struct err err = {0};
    EXPECT(pubsub_reset(server->pubsub, &err));
    pubsub_server_expect(server, "GET", "subscriptions", NULL, 200, "{}");
    pubsub_server_close(server);
    server = pubsub_server_open(dir, NULL);
    pubsub_server_expect(server, "GET", "subscriptions", NULL, 200, "{}");
    pubsub_server_close(server);
}

/* A service in its own process, which sends its port through the pipe. */
static pid_t start_service(const char *dir, uint16_t *port)
{
    int ends[2];
    EXPECT(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        struct err err = {0};
        struct pubsub *pubsub = pubsub_open(&(struct pubsub_options){.data_dir = dir}, &err);
        struct http_server *server = http_server_open(
            &(struct http_server_options){.handle = pubsub_rest_handle, .app = pubsub}, &err);
        *port = server ? http_server_port(server) : 0;
        if (write(ends[1], port, sizeof(*port)) != sizeof(*port))
            _exit(1);
        for (;;)
            pause();
    }
    EXPECT(child > 0);
    close(ends[1]);
    EXPECT(read(ends[0], port, sizeof(*port)) == sizeof(*port) && *port);
    close(ends[0]);
    return child;
}

/* What was answered, by message number. */
enum { MAX = 4000 };
struct ledger {
    bool published[MAX], acked[MAX], acking[MAX];
    int next;
};

/* Asks a service that may die at any time; NULL when it did. The caller decrefs. */
static json_t *ask(struct http_client *client, uint16_t port, const char *path, const char *body)
{
    struct err err = {0};
    OWN(free) char *url = str_format("http://127.0.0.1:%u/v1/projects/demo/%s", port, path);
    OWN(http_response) struct http_response answer = {0};
    const char *method = strchr(path, ':') ? "POST" : "PUT";
    if (!http_client_send(client,
                          &(struct http_call){.method = method, .url = url, .body = bytes_of(body)},
                          &answer, &err) ||
        answer.status != 200)
        return NULL;
    return json_loadb(answer.body.data, answer.body.len, 0, NULL);
}

static bool publish_some(struct ledger *ledger, struct http_client *client, uint16_t port)
{
    OWN(buf) struct buf body = {0};
    buf_add_text(&body, "{\"messages\":[");
    int first = ledger->next;
    for (int i = 0; i < 5 && ledger->next < MAX; i++)
        buf_add_format(&body, "%s{\"attributes\":{\"n\":\"%d\"}}", i ? "," : "", ledger->next++);
    buf_add_text(&body, "]}");
    json_auto_t *answer = ask(client, port, "topics/news:publish", body.data);
    for (int i = first; answer && i < ledger->next; i++)
        ledger->published[i] = true;
    return answer != NULL;
}

static int number_of(const json_t *received)
{
    const json_t *message = json_object_get(received, "message");
    const json_t *n = json_object_get(json_object_get(message, "attributes"), "n");
    return atoi(json_string_value(n));
}

/* Pulls three, and acks them; none of them may be one whose ack was answered before. */
static bool ack_some(struct ledger *ledger, struct http_client *client, uint16_t port)
{
    json_auto_t *answer = ask(client, port, "subscriptions/reader:pull",
                              "{\"maxMessages\":3,\"returnImmediately\":true}");
    const json_t *received = json_object_get(answer, "receivedMessages");
    json_auto_t *ids = json_array();
    for (size_t i = 0; i < json_array_size(received); i++) {
        const json_t *item = json_array_get(received, i);
        EXPECT(!ledger->acked[number_of(item)]);
        ledger->acking[number_of(item)] = true;
        json_array_append(ids, json_object_get(item, "ackId"));
    }
    if (json_array_size(ids) == 0)
        return answer != NULL;
    json_auto_t *request = json_pack("{s:O}", "ackIds", ids);
    OWN(free) char *body = json_dumps(request, 0);
    json_auto_t *done = ask(client, port, "subscriptions/reader:acknowledge", body);
    for (size_t i = 0; done && i < json_array_size(received); i++)
        ledger->acked[number_of(json_array_get(received, i))] = true;
    return done != NULL;
}

/* Kills the service after some more requests, in the middle of the next. */
static void work_until_killed(struct ledger *ledger, const char *dir, int rounds)
{
    struct err err = {0};
    uint16_t port;
    pid_t child = start_service(dir, &port);
    OWN(http_client) struct http_client *client = http_client_open(NULL, &err);
    json_decref(ask(client, port, "topics/news", "{}"));
    json_decref(
        ask(client, port, "subscriptions/reader", "{\"topic\":\"projects/demo/topics/news\"}"));
    for (int i = 0; i < rounds; i++)
        EXPECT(publish_some(ledger, client, port) && ack_some(ledger, client, port));
    pid_t killer = fork();
    if (killer == 0) {
        usleep((useconds_t)(500 * (rounds % 7)));
        kill(child, SIGKILL);
        _exit(0);
    }
    while (ledger->next < MAX - 5 && publish_some(ledger, client, port) &&
           ack_some(ledger, client, port))
        ;
    kill(child, SIGKILL);
    waitpid(killer, NULL, 0);
    waitpid(child, NULL, 0);
}

TEST(after_kill_9_answered_publishes_and_acks_hold)
{
    OWN(dir) char *dir = make_dir();
    static struct ledger ledger;
    for (int run = 1; run <= 8; run++)
        work_until_killed(&ledger, dir, run * 3);

    OWN(pubsub_server) struct pubsub_server *server = pubsub_server_open(dir, NULL);
    static bool received_again[MAX];
    for (;;) {
        json_auto_t *answer =
            pubsub_server_post(server, "subscriptions/reader:pull",
                               "{\"maxMessages\":1000,\"returnImmediately\":true}");
        const json_t *received = json_object_get(answer, "receivedMessages");
        if (json_array_size(received) == 0)
            break;
        for (size_t i = 0; i < json_array_size(received); i++) {
            int number = number_of(json_array_get(received, i));
            EXPECT(!ledger.acked[number]);
            EXPECT(!received_again[number]);
            received_again[number] = true;
        }
    }
    int published = 0, acked = 0;
    for (int i = 0; i < MAX; i++) {
        published += ledger.published[i];
        acked += ledger.acked[i];
        /* if the ack was sent but not answered, either is fine */
        if (ledger.published[i] && !ledger.acking[i])
            EXPECT(received_again[i]);
    }
    EXPECT(published > 100 && acked > 50);
}

/* Lets no file grow beyond so many bytes, as on a full disk. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    EXPECT(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = bytes;
    EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

/* Waits until the file holds no message for a subscription any longer. */
static void wait_until_drained(const char *dir)
{
    static const char *const statements[] = {"SELECT count(*) FROM hold"};
    struct err err = {0};
    OWN(free) char *path = str_format("%s/pubsub.db", dir);
    OWN(sqlite) struct sqlite *db = sqlite_open(path,
                                                &(struct sqlite_options){.statements = statements,
                                                                         .statement_count = 1,

                                                                         .migration_count = 1},
                                                &err);
    EXPECT_STR(err.text, "");
    for (int64_t held = 1; held;) {
        bool found;
        EXPECT(sqlite_query_int64(db, &err, &held, &found, 0, "") && found);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

TEST(on_a_full_disk_acks_hold_and_are_written_when_there_is_room)
{
    OWN(dir) char *dir = make_dir();
    struct pubsub_server *server = pubsub_server_open(dir, NULL);
    pubsub_server_expect(server, "PUT", "topics/news", "{}", 200, NULL);
    pubsub_server_expect(server, "PUT", "subscriptions/reader",
                         "{\"topic\":\"projects/demo/topics/news\"}", 200, NULL);
    pubsub_server_publish_text(server, "news", "one", NULL);
    json_auto_t *received = pubsub_server_pull(server, "reader");
    limit_files(0);
    pubsub_server_ack_all(server, "reader", received);
    pubsub_server_expect(server, "POST", "topics/news:publish",
                         "{\"messages\":[{\"data\":\"YQ==\"}]}", 503, "pubsub.db");
    expect_data(server, "reader", "");
    limit_files(RLIM_INFINITY);
    wait_until_drained(dir);
    pubsub_server_close(server);

    server = pubsub_server_open(dir, NULL);
    expect_data(server, "reader", "");
    pubsub_server_close(server);
}

TEST(on_a_full_disk_acks_are_written_in_the_space_that_the_files_have)
{
    OWN(dir) char *dir = make_dir();
    OWN(pubsub_server) struct pubsub_server *server = pubsub_server_open(dir, NULL);
    pubsub_server_expect(server, "PUT", "topics/news", "{}", 200, NULL);
    pubsub_server_expect(server, "PUT", "subscriptions/reader",
                         "{\"topic\":\"projects/demo/topics/news\"}", 200, NULL);
    for (int i = 0; i < 10; i++)
        pubsub_server_publish_text(server, "news", "one", NULL);
    json_auto_t *received = pubsub_server_pull(server, "reader");
    OWN(free) char *log = str_format("%s/pubsub.db-wal", dir);
    struct stat info;
    EXPECT(stat(log, &info) == 0);
    limit_files((rlim_t)info.st_size);
    pubsub_server_ack_all(server, "reader", received);
    wait_until_drained(dir);
    limit_files(RLIM_INFINITY);
}

/* Publishes until it is stopped; its topic may be missing for moments. */
struct publisher {
    pthread_t thread;
    struct pubsub *pubsub;
    atomic_bool *stop;
};

static void *run_publisher(void *context)
{
    const struct publisher *publisher = context;
    while (!atomic_load(publisher->stop)) {
        struct err ignored = {0};
        pubsub_publish(publisher->pubsub, "projects/demo/topics/news", NULL, 0, bytes_of("a"), NULL,
                       &ignored);
    }
    return NULL;
}

TEST(a_reset_waits_for_the_writes_of_other_threads)
{
    OWN(dir) char *dir = make_dir();
    OWN(pubsub_server) struct pubsub_server *server = pubsub_server_open(dir, NULL);
    struct publisher publishers[3];
    atomic_bool stop = false;
    for (size_t i = 0; i < ARRAY_SIZE(publishers); i++) {
        publishers[i] = (struct publisher){.pubsub = server->pubsub, .stop = &stop};
        EXPECT(pthread_create(&publishers[i].thread, NULL, run_publisher, &publishers[i]) == 0);
    }
    struct err err = {0};
    for (int i = 0; i < 100 && !err.status; i++) {
        pubsub_server_expect(server, "PUT", "topics/news", "{}", 200, NULL);
        pubsub_server_expect(server, "PUT", "subscriptions/reader",
                             "{\"topic\":\"projects/demo/topics/news\"}", 200, NULL);
        pubsub_reset(server->pubsub, &err);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < ARRAY_SIZE(publishers); i++)
        pthread_join(publishers[i].thread, NULL);
    EXPECT_STR(err.text, "");
}

TEST(a_folder_that_cannot_be_written_is_named)
{
    struct err err = {0};
    EXPECT(!pubsub_open(&(struct pubsub_options){.data_dir = "/tmp/none/of/that"}, &err));
    EXPECT_HAS(err.text, "/tmp/none/of/that/pubsub.db");
}
