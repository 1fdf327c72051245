/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a pod. Each line of a file is "2026-01-01T00:00:00.000000000Z text". A run writes to
 * one file until that is full, which then becomes the older of two; places are counted as if
 * nothing had ever been cut off. */
#include "kn-local/serving/pod_log.h"

#include "base/file.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    FILE_BYTES = 4 << 20,
    LINE_BYTES = 16 << 10, /* a longer line is cut into several, as Kubernetes does */
    STAMP = 31,            /* the time and a space */
    READ_BYTES = 64 << 10, /* at once; holds the longest line */
};

/* One file of a run. */
struct part {
    int fd;
    uint64_t begin, end; /* places */
};

struct run {
    uint64_t number;         /* from 1; 0 = there was none */
    struct part older, part; /* fd -1 = none */
    bool ended;
};

struct pod_log {
    char *dir;
    pthread_mutex_t lock; /* guards what follows */
    struct run runs[2];   /* this one, the one before */
    struct buf line;      /* that is not whole yet */
};

struct pod_log *pod_log_open(const char *dir, struct err *err)
{
    if (!file_make_dirs(dir, err))
        return NULL;
    struct pod_log *podlog = alloc_zeroed(sizeof(*podlog));
    pthread_mutex_init(&podlog->lock, NULL);
    podlog->dir = str_copy(dir);
    for (size_t i = 0; i < ARRAY_SIZE(podlog->runs); i++)
        podlog->runs[i].older.fd = podlog->runs[i].part.fd = -1;
    return podlog;
}

static void close_run(struct run *run)
{
    own_fd(&run->older.fd);
    own_fd(&run->part.fd);
}

void pod_log_close(struct pod_log *podlog)
{
    if (!podlog)
        return;
    close_run(&podlog->runs[0]);
    close_run(&podlog->runs[1]);
    buf_done(&podlog->line);
    pthread_mutex_destroy(&podlog->lock);
    free(podlog->dir);
    free(podlog);
}

static int open_file(const struct pod_log *podlog, uint64_t run)
{
    OWN(free) char *path = str_format("%s/%llu.log", podlog->dir, (unsigned long long)run);
    return open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
}

void pod_log_begin(struct pod_log *podlog)
{
    pthread_mutex_lock(&podlog->lock);
    struct run *run = podlog->runs;
    if (run[1].number) {
        OWN(free) char *old =
            str_format("%s/%llu.log", podlog->dir, (unsigned long long)run[1].number);
        unlink(old);
    }
    close_run(&run[1]);
    run[1] = run[0];
    run[1].ended = true;
    run[0] = (struct run){.number = run[1].number + 1, .older.fd = -1};
    run[0].part.fd = open_file(podlog, run[0].number);
    pthread_mutex_unlock(&podlog->lock);
}

/* The full file loses its name; who reads it still holds it open. */
static void rotate(struct pod_log *podlog, struct run *run)
{
    own_fd(&run->older.fd);
    run->older = run->part;
    OWN(free) char *path = str_format("%s/%llu.log", podlog->dir, (unsigned long long)run->number);
    unlink(path);
    run->part = (struct part){open_file(podlog, run->number), run->older.end, run->older.end};
}

/* Under the lock. What a full disk does not take is lost; the program goes on. */
static void write_line(struct pod_log *podlog, struct bytes text, int64_t now_ns)
{
    struct run *run = podlog->runs;
    if (run->part.end - run->part.begin >= FILE_BYTES)
        rotate(podlog, run);
    char stamp[TIMESTAMP_SIZE];
    timestamp_format(now_ns - now_ns % NS_PER_SEC, stamp);
    OWN(buf) struct buf line = {0};
    buf_add_format(&line, "%.19s.%09lldZ ", stamp, (long long)(now_ns % NS_PER_SEC));
    buf_add(&line, text.data, text.len);
    buf_add(&line, "\n", 1);
    ssize_t sent = write(run->part.fd, line.data, line.len);
    if (sent == (ssize_t)line.len)
        run->part.end += line.len;
    else if (sent > 0 && ftruncate(run->part.fd, (off_t)(run->part.end - run->part.begin)) < 0)
        run->part.end += (uint64_t)sent;
}

static void flush_line(struct pod_log *podlog, int64_t now_ns)
{
    write_line(podlog, buf_bytes(&podlog->line), now_ns);
    podlog->line.len = 0;
}

void pod_log_write(struct pod_log *podlog, struct bytes text, int64_t now_ns)
{
    pthread_mutex_lock(&podlog->lock);
    while (text.len) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;
        size_t room = LINE_BYTES - podlog->line.len;
        size_t part = len < room ? len : room;
        buf_add(&podlog->line, text.data, part);
        bool whole = end && part == len;
        if (whole || podlog->line.len == LINE_BYTES)
            flush_line(podlog, now_ns);
        part += whole;
        text = (struct bytes){text.data + part, text.len - part};
    }
    pthread_mutex_unlock(&podlog->lock);
}

void pod_log_end(struct pod_log *podlog, int64_t now_ns)
{
    pthread_mutex_lock(&podlog->lock);
    if (podlog->line.len)
        flush_line(podlog, now_ns);
    podlog->runs[0].ended = true;
    pthread_mutex_unlock(&podlog->lock);
}

/* Reads what lies at a place, as much as there is room for. */
static struct bytes read_at(const struct run *run, uint64_t place, char *room)
{
    const struct part *part = place < run->part.begin ? &run->older : &run->part;
    if (place >= part->end)
        return (struct bytes){0};
    uint64_t left = part->end - place;
    size_t want = left < READ_BYTES ? (size_t)left : READ_BYTES;
    ssize_t len = pread(part->fd, room, want, (off_t)(place - part->begin));
    return (struct bytes){room, len > 0 ? (size_t)len : 0};
}

static uint64_t first_place(const struct run *run)
{
    return run->older.fd >= 0 ? run->older.begin : run->part.begin;
}

/* Calls each for the whole lines from a place on until it returns false. */
static void each_line(const struct run *run, uint64_t place,
                      bool (*each)(struct bytes line, uint64_t behind, void *to), void *to)
{
    OWN(free) char *room = alloc_resize(NULL, READ_BYTES);
    if (place < first_place(run))
        place = first_place(run);
    for (struct bytes piece; (piece = read_at(run, place, room)).len;) {
        const char *end;
        uint64_t before = place;
        while ((end = memchr(piece.data, '\n', piece.len)) != NULL) {
            size_t len = (size_t)(end - piece.data) + 1;
            place += len;
            if (!each((struct bytes){piece.data, len}, place, to))
                return;
            piece = (struct bytes){piece.data + len, piece.len - len};
        }
        if (place == before)
            return; /* no whole line: a write was cut short */
    }
}

static bool count_line(struct bytes line, uint64_t behind, void *to)
{
    (void)line, (void)behind;
    ++*(int64_t *)to;
    return true;
}

struct skipping {
    int64_t lines;
    uint64_t place;
};

static bool skip_line(struct bytes line, uint64_t behind, void *to)
{
    (void)line;
    struct skipping *skipping = to;
    if (skipping->lines-- <= 0)
        return false;
    skipping->place = behind;
    return true;
}

/* Where the last lines begin. */
static uint64_t tail_place(const struct run *run, int64_t tail)
{
    int64_t count = 0;
    each_line(run, 0, count_line, &count);
    struct skipping skipping = {.lines = count > tail ? count - tail : 0,
                                .place = first_place(run)};
    each_line(run, 0, skip_line, &skipping);
    return skipping.place;
}

struct reading {
    const struct serving_log_request *request;
    struct serving_log_position *at;
    struct buf *out;
};

static bool read_line(struct bytes line, uint64_t behind, void *to)
{
    const struct reading *reading = to;
    char stamp[STAMP];
    int64_t time_ns = 0;
    if (line.len > STAMP) {
        memcpy(stamp, line.data, STAMP - 1);
        stamp[STAMP - 1] = '\0';
        timestamp_parse(stamp, &time_ns);
    }
    bool wanted = line.len > STAMP && time_ns >= reading->request->since_ns;
    size_t from = reading->request->timestamps ? 0 : STAMP;
    if (wanted && !buf_add(reading->out, line.data + from, line.len - from))
        return false;
    reading->at->offset = behind;
    return true;
}

bool pod_log_read(struct pod_log *podlog, const struct serving_log_request *request,
                  struct serving_log_position *at, struct buf *out, bool *ended, struct err *err)
{
    pthread_mutex_lock(&podlog->lock);
    const struct run *run = &podlog->runs[request->previous];
    bool found = run->number != 0 || !request->previous;
    if (found && at->run != run->number) { /* the first read, or of another run by now */
        bool first = at->run == 0;
        *at = (struct serving_log_position){.run = run->number};
        if (first && request->tail >= 0)
            at->offset = tail_place(run, request->tail);
    }
    if (found && run->number)
        each_line(run, at->offset, read_line,
                  &(struct reading){.request = request, .at = at, .out = out});
    *ended = run->ended;
    pthread_mutex_unlock(&podlog->lock);
    return found || err_set(err, ERR_NOT_FOUND, "pod %s has no previous run", request->pod);
}
