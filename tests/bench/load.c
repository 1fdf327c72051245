/* SPDX-License-Identifier: Apache-2.0 */
/* Posts events and says what they cost the server:
 *
 *     load URL EVENTS PARALLEL PID     prints `CPU-microseconds-per-event events-per-second RSS-KB`
 *
 * CPU and memory are those of the process PID and its children. */
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "net/client/http_client.h"

#include <dirent.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

struct usage {
    double cpu_sec;
    long rss_kb;
};

/* Reads /proc/PID/stat after the command's name, which may hold anything. */
static bool read_stat(long pid, long *parent, double *cpu_sec, long *rss_kb)
{
    OWN(free) char *path = str_format("/proc/%ld/stat", pid);
    OWN(file) FILE *file = fopen(path, "r");
    char text[1024] = "";
    if (!file || !fgets(text, sizeof(text), file) || !strrchr(text, ')'))
        return false;
    unsigned long user, system;
    long pages;
    if (sscanf(strrchr(text, ')'),
               ") %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu"
               " %*d %*d %*d %*d %*d %*d %*u %*u %ld",
               parent, &user, &system, &pages) != 4)
        return false;
    *cpu_sec = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    *rss_kb = pages * (sysconf(_SC_PAGESIZE) / 1024);
    return true;
}

static struct usage usage_of(long pid)
{
    struct usage sum = {0};
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; processes && (entry = readdir(processes));) {
        long one = strtol(entry->d_name, NULL, 10), parent, rss_kb;
        double cpu_sec;
        if (one <= 0 || !read_stat(one, &parent, &cpu_sec, &rss_kb))
            continue;
        if (one == pid || parent == pid) {
            sum.cpu_sec += cpu_sec;
            sum.rss_kb += rss_kb;
        }
    }
    if (processes)
        closedir(processes);
    return sum;
}

struct load {
    struct http_client *client;
    struct http_call call;
    long left, live; /* of the client's thread, once the first are started */
    long failed;
    sem_t done;
};

static void on_ended(struct http_response *answer, const struct err *err, void *context)
{
    struct load *load = context;
    if (!answer || answer->status / 100 != 2) {
        if (load->failed++ == 0)
            fprintf(stderr, "load: %s\n", answer ? "not answered with 2xx" : err->text);
    }
    if (load->left-- > 0)
        http_client_start(load->client, &load->call, on_ended, load);
    else if (--load->live == 0)
        sem_post(&load->done);
}

/* An event as the article's source sends it. */
static void add_event(struct http_call *call, struct headers *headers)
{
    static const char *const fields[][2] = {
        {"ce-specversion", "1.0"},
        {"ce-id", "198012587785403"},
        {"ce-type", "google.cloud.pubsub.topic.v1.messagePublished"},
        {"ce-source", "//pubsub.googleapis.com/projects/p/topics/testing"},
        {"ce-time", "2019-01-21T15:25:58.25Z"},
        {"Content-Type", "application/json"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        headers_add(headers, fields[i][0], fields[i][1]);
    call->method = "POST";
    call->headers = headers;
    call->body = bytes_of("{\"message\":{\"data\":\"SGVsbG8gV29ybGQ=\",\"messageId\":"
                          "\"198012587785403\",\"publishTime\":\"2019-01-21T15:25:58.25Z\"},"
                          "\"subscription\":\"projects/p/subscriptions/s\"}");
}

static bool run(const char *url, long count, long parallel, long pid, struct err *err)
{
    OWN(http_client) struct http_client *client = http_client_open(NULL, err);
    if (!client)
        return false;
    OWN(headers) struct headers headers = {0};
    struct load load = {.client = client, .left = count - parallel, .live = parallel};
    load.call.url = url;
    add_event(&load.call, &headers);
    sem_init(&load.done, 0, 0);

    struct usage before = usage_of(pid);
    int64_t start_ns = timestamp_monotonic_ns();
    for (long i = 0; i < parallel; i++)
        http_client_start(client, &load.call, on_ended, &load);
    sem_wait(&load.done);
    double seconds = (double)(timestamp_monotonic_ns() - start_ns) / NS_PER_SEC;
    struct usage after = usage_of(pid);
    printf("%.2f %.0f %ld\n", (after.cpu_sec - before.cpu_sec) * 1e6 / (double)count,
           (double)count / seconds, after.rss_kb);
    return load.failed == 0 ||
           err_set(err, ERR_UPSTREAM, "%ld of %ld events failed", load.failed, count);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    int64_t count, parallel, pid;
    if (argc != 5 || !str_int(argv[2], 1, INT32_MAX, &count) ||
        !str_int(argv[3], 1, count, &parallel) || !str_int(argv[4], 1, INT32_MAX, &pid)) {
        fprintf(stderr, "usage: load URL EVENTS PARALLEL PID\n");
        return 2;
    }
    if (run(argv[1], (long)count, (long)parallel, (long)pid, &err))
        return EXIT_SUCCESS;
    fprintf(stderr, "load: %s\n", err.text);
    return EXIT_FAILURE;
}
