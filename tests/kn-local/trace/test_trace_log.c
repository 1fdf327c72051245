/* SPDX-License-Identifier: Apache-2.0 */
/* The trace: what was written is found again, by this process and by others. */
#include "base/str.h"
#include "kn-local/trace/trace_log.h"
#include "tests/helpers/test.h"

#include <string.h>
#include <sys/wait.h>

struct found {
    size_t count;
    struct trace_hop first, last;
};

static void collect(const struct trace_hop *hop, void *to)
{
    struct found *found = to;
    if (found->count++ == 0)
        found->first = *hop;
    found->last = *hop;
}

static struct found find(const struct trace_log *trace, const char *id)
{
    struct found found = {0};
    trace_log_each(trace, id, collect, &found);
    return found;
}

static void record(struct trace_log *trace, enum trace_hop_kind hop, const char *id, int attempt)
{
    trace_log_write(trace, &(struct trace_record){.hop = hop,
                                                  .id = id,
                                                  .place = "default/channels/pictures",
                                                  .peer = "http://127.0.0.1:9/",
                                                  .status = 503,
                                                  .attempt = attempt,
                                                  .latency_ns = 1500000});
}

TEST(an_events_hops_are_found_in_order)
{
    struct err err = {0};
    OWN(trace_log) struct trace_log *trace = trace_log_open(NULL, &err);
    record(trace, HOP_RECEIVED, "7", 0);
    record(trace, HOP_RECEIVED, "8", 0);
    record(trace, HOP_RETRIED, "7", 2);

    struct found found = find(trace, "7");
    EXPECT_INT(found.count, 2);
    EXPECT_STR(trace_log_hop_name(found.first.kind), "received");
    EXPECT_STR(trace_log_hop_name(found.last.kind), "retried");
    EXPECT_INT(found.last.status, 503);
    EXPECT_INT(found.last.attempt, 2);
    EXPECT_INT(found.last.latency_us, 1500);
    EXPECT_STR(found.last.place, "default/channels/pictures");
    EXPECT_STR(found.last.peer, "http://127.0.0.1:9/");
    EXPECT_INT(find(trace, NULL).count, 3);
}

TEST(the_trace_keeps_the_last_hops_and_forgets_older_ones)
{
    struct err err = {0};
    OWN(trace_log) struct trace_log *trace = trace_log_open(NULL, &err);
    record(trace, HOP_RECEIVED, "old", 0);
    for (int i = 0; i < 20000; i++)
        record(trace, HOP_RECEIVED, "new", i);

    EXPECT_INT(find(trace, "old").count, 0);
    struct found found = find(trace, NULL);
    EXPECT(found.count > 10000 && found.count < 20000);
    EXPECT_INT(found.last.attempt, 19999);
}

TEST(ids_that_differ_only_after_many_characters_are_distinct)
{
    struct err err = {0};
    OWN(trace_log) struct trace_log *trace = trace_log_open(NULL, &err);
    char one[200], other[200];
    memset(one, 'x', sizeof(one));
    one[199] = '\0';
    memcpy(other, one, sizeof(one));
    other[198] = 'y';
    record(trace, HOP_RECEIVED, one, 1);
    record(trace, HOP_RECEIVED, other, 2);
    EXPECT_INT(find(trace, one).count, 1);
    EXPECT_INT(find(trace, other).last.attempt, 2);
    EXPECT(strlen(find(trace, one).last.id) < sizeof(one));
}

static char *a_path(void)
{
    char dir[] = "/tmp/journal-XXXXXX";
    EXPECT(mkdtemp(dir) != NULL);
    return str_format("%s/trace", dir);
}

static void remove_path(const char *path)
{
    unlink(path);
    OWN(free) char *dir = str_copy(path);
    *strrchr(dir, '/') = '\0';
    rmdir(dir);
}

TEST(the_trace_of_a_killed_process_is_read_by_another)
{
    struct err err = {0};
    OWN(free) char *path = a_path();
    pid_t child = fork();
    if (child == 0) {
        struct err inner = {0};
        struct trace_log *trace = trace_log_open(path, &inner);
        record(trace, HOP_DROPPED, "7", 10);
        kill(getpid(), SIGKILL);
    }
    EXPECT(waitpid(child, NULL, 0) == child);

    OWN(trace_log) struct trace_log *trace = trace_log_open_to_read(path, &err);
    EXPECT(trace != NULL);
    struct found found = find(trace, "7");
    EXPECT_INT(found.count, 1);
    EXPECT_INT(found.last.attempt, 10);
    remove_path(path);
}

TEST(a_trace_continues_after_it_is_opened_again)
{
    struct err err = {0};
    OWN(free) char *path = a_path();
    for (int i = 0; i < 2; i++) {
        OWN(trace_log) struct trace_log *trace = trace_log_open(path, &err);
        record(trace, HOP_RECEIVED, "7", i);
        EXPECT_INT(find(trace, "7").count, i + 1);
    }
    remove_path(path);
}

TEST(an_unknown_file_is_not_read_and_is_replaced_when_opened_for_writing)
{
    struct err err = {0};
    OWN(free) char *path = a_path();
    FILE *file = fopen(path, "w");
    fputs("kn-journal-0\nold", file);
    fclose(file);
    EXPECT(trace_log_open_to_read(path, &err) == NULL);
    EXPECT_HAS(err.text, "is not a trace of this version");

    err = (struct err){0};
    OWN(trace_log) struct trace_log *trace = trace_log_open(path, &err);
    EXPECT(trace != NULL);
    EXPECT_INT(find(trace, NULL).count, 0);
    remove_path(path);
}
