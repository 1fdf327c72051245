/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a pod. Each line of a file is "2026-01-01T00:00:00.000000000Z text". A run writes to
 * one file until it is full; that file then becomes the older of two. Offsets count all bytes of
 * the run, including those of files that are gone. */
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
    LINE_BYTES = 16 << 10, /* a longer line is split, as Kubernetes does */
    STAMP_LEN = 31,        /* the time and a space */
    READ_BYTES = 64 << 10, /* per read; at least the longest line */
};

/* One file of a run; fd -1: none. */
struct part {
    int fd;
    uint64_t begin, end; /* offsets */
};

struct run {
    uint64_t number; /* from 1; 0 = no such run */
    struct part older, part;
    bool ended;
};

struct pod_log {
    char *dir;
    pthread_mutex_t lock; /* guards what follows */
    struct run runs[2];   /* the current and the previous run */
    struct buf line;      /* without its newline so far */
};

struct pod_log *pod_log_open(const char *dir, struct err *err)
{
    if (!file_make_dirs(dir, err))
        return NULL;
    struct pod_log *log = alloc_zeroed(sizeof(*log));
    pthread_mutex_init(&log->lock, NULL);
    log->dir = str_copy(dir);
    for (size_t i = 0; i < ARRAY_SIZE(log->runs); i++)
        log->runs[i].older.fd = log->runs[i].part.fd = -1;
    return log;
}

static void close_run(struct run *run)
{
    own_fd(&run->older.fd);
    own_fd(&run->part.fd);
}

void pod_log_close(struct pod_log *log)
{
    if (!log)
        return;
    close_run(&log->runs[0]);
    close_run(&log->runs[1]);
    buf_done(&log->line);
    pthread_mutex_destroy(&log->lock);
    free(log->dir);
    free(log);
}

static int open_file(const struct pod_log *log, uint64_t run)
{
    OWN(free) char *path = str_format("%s/%llu.log", log->dir, (unsigned long long)run);
    return open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
}

void pod_log_begin(struct pod_log *log)
{
    pthread_mutex_lock(&log->lock);
    struct run *run = log->runs;
    if (run[1].number) {
        OWN(free) char *old =
            str_format("%s/%llu.log", log->dir, (unsigned long long)run[1].number);
        unlink(old);
    }
    close_run(&run[1]);
    run[1] = run[0];
    run[1].ended = true;
    run[0] = (struct run){.number = run[1].number + 1, .older.fd = -1};
    run[0].part.fd = open_file(log, run[0].number);
    pthread_mutex_unlock(&log->lock);
}

/* Unlinks the full file; open readers keep it. */
static void rotate(struct pod_log *log, struct run *run)
{
    own_fd(&run->older.fd);
    run->older = run->part;
    OWN(free) char *path = str_format("%s/%llu.log", log->dir, (unsigned long long)run->number);
    unlink(path);
    run->part = (struct part){open_file(log, run->number), run->older.end, run->older.end};
}

/* Call with the lock held. On a full disk the line is lost and the program continues. */
static void write_line(struct pod_log *log, struct bytes text, int64_t now_ns)
{
    struct run *run = log->runs;
    if (run->part.end - run->part.begin >= FILE_BYTES)
        rotate(log, run);
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

static void flush_line(struct pod_log *log, int64_t now_ns)
{
    write_line(log, buf_bytes(&log->line), now_ns);
    log->line.len = 0;
}

void pod_log_write(struct pod_log *log, struct bytes text, int64_t now_ns)
{
    pthread_mutex_lock(&log->lock);
    while (text.len) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;
        size_t room = LINE_BYTES - log->line.len;
        size_t part = len < room ? len : room;
        buf_add(&log->line, text.data, part);
        bool complete = end && part == len;
        if (complete || log->line.len == LINE_BYTES)
            flush_line(log, now_ns);
        part += complete;
        text = (struct bytes){text.data + part, text.len - part};
    }
    pthread_mutex_unlock(&log->lock);
}

void pod_log_end(struct pod_log *log, int64_t now_ns)
{
    pthread_mutex_lock(&log->lock);
    if (log->line.len)
        flush_line(log, now_ns);
    log->runs[0].ended = true;
    pthread_mutex_unlock(&log->lock);
}

/* Reads at an offset, at most READ_BYTES. */
static struct bytes read_chunk(const struct run *run, uint64_t offset, char *chunk)
{
    const struct part *part = offset < run->part.begin ? &run->older : &run->part;
    if (offset >= part->end)
        return (struct bytes){0};
    uint64_t left = part->end - offset;
    size_t wanted = left < READ_BYTES ? (size_t)left : READ_BYTES;
    ssize_t len = pread(part->fd, chunk, wanted, (off_t)(offset - part->begin));
    return (struct bytes){chunk, len > 0 ? (size_t)len : 0};
}

static uint64_t first_offset(const struct run *run)
{
    return run->older.fd >= 0 ? run->older.begin : run->part.begin;
}

/* Calls each for every complete line from an offset on, until it returns false. next is the offset
 * of the line after it. */
static void each_line(const struct run *run, uint64_t offset,
                      bool (*each)(struct bytes line, uint64_t next, void *to), void *to)
{
    OWN(free) char *chunk = alloc_resize(NULL, READ_BYTES);
    if (offset < first_offset(run))
        offset = first_offset(run);
    for (struct bytes piece; (piece = read_chunk(run, offset, chunk)).len;) {
        const char *end;
        uint64_t before = offset;
        while ((end = memchr(piece.data, '\n', piece.len)) != NULL) {
            size_t len = (size_t)(end - piece.data) + 1;
            offset += len;
            if (!each((struct bytes){piece.data, len}, offset, to))
                return;
            piece = (struct bytes){piece.data + len, piece.len - len};
        }
        if (offset == before)
            return; /* no complete line: a write was cut short */
    }
}

static bool count_line(struct bytes line, uint64_t next, void *to)
{
    (void)line, (void)next;
    ++*(int64_t *)to;
    return true;
}

struct skip {
    int64_t lines;
    uint64_t offset;
};

static bool skip_line(struct bytes line, uint64_t next, void *to)
{
    (void)line;
    struct skip *skip = to;
    if (skip->lines-- <= 0)
        return false;
    skip->offset = next;
    return true;
}

/* The offset of the last `tail` lines. */
static uint64_t tail_offset(const struct run *run, int64_t tail)
{
    int64_t count = 0;
    each_line(run, 0, count_line, &count);
    struct skip skip = {.lines = count > tail ? count - tail : 0, .offset = first_offset(run)};
    each_line(run, 0, skip_line, &skip);
    return skip.offset;
}

struct line_reader {
    const struct serving_log_request *request;
    struct serving_log_position *position;
    struct buf *out;
};

static bool read_line(struct bytes line, uint64_t next, void *to)
{
    const struct line_reader *reader = to;
    char stamp[STAMP_LEN];
    int64_t time_ns = 0;
    if (line.len > STAMP_LEN) {
        memcpy(stamp, line.data, STAMP_LEN - 1);
        stamp[STAMP_LEN - 1] = '\0';
        timestamp_parse(stamp, &time_ns);
    }
    bool selected = line.len > STAMP_LEN && time_ns >= reader->request->since_ns;
    size_t start = reader->request->timestamps ? 0 : STAMP_LEN;
    if (selected && !buf_add(reader->out, line.data + start, line.len - start))
        return false;
    reader->position->offset = next;
    return true;
}

bool pod_log_read(struct pod_log *log, const struct serving_log_request *request,
                  struct serving_log_position *position, struct buf *out, bool *ended,
                  struct err *err)
{
    pthread_mutex_lock(&log->lock);
    const struct run *run = &log->runs[request->previous];
    bool found = run->number != 0 || !request->previous;
    if (found && position->run != run->number) { /* the first read, or another run by now */
        bool first = position->run == 0;
        *position = (struct serving_log_position){.run = run->number};
        if (first && request->tail >= 0)
            position->offset = tail_offset(run, request->tail);
    }
    if (found && run->number)
        each_line(run, position->offset, read_line,
                  &(struct line_reader){.request = request, .position = position, .out = out});
    *ended = run->ended;
    pthread_mutex_unlock(&log->lock);
    return found || err_set(err, ERR_NOT_FOUND, "pod %s has no previous run", request->pod);
}
