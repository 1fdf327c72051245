/* SPDX-License-Identifier: Apache-2.0 */
/* The trace of events: a ring buffer in a mapped file. */
#include "kn-local/trace/trace_log.h"

#include "base/hash.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { HOPS = 16384 }; /* 4 MiB */

static const char MAGIC[16] = "kn-journal-1\n";

/* The file: one page of header, then the slots. */
struct ring {
    char magic[16];
    _Atomic uint64_t next; /* the number of the next hop, from 1 */
    char rest[4096 - 24];
    struct trace_hop hops[HOPS];
};

struct trace_log {
    struct ring *ring;
};

_Static_assert(sizeof(struct trace_hop) == 256, "a hop fills its slot");

const char *trace_log_hop_name(enum trace_hop_kind hop)
{
    static const char *const names[] = {"received", "refused",       "delivered", "retried",
                                        "replied",  "dead-lettered", "dropped",   "sent"};
    return hop < ARRAY_SIZE(names) ? names[hop] : "unknown";
}

static struct trace_log *map(int fd, bool write, struct err *err)
{
    int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    void *ring =
        mmap(NULL, sizeof(struct ring), PROT_READ | (write ? PROT_WRITE : 0), flags, fd, 0);
    if (ring == MAP_FAILED) {
        err_set(err, ERR_INTERNAL, "cannot map the trace: %s", strerror(errno));
        return NULL;
    }
    struct trace_log *trace = alloc_zeroed(sizeof(*trace));
    trace->ring = ring;
    return trace;
}

/* Whether the file is a trace of this version. */
static bool has_magic(int fd)
{
    char magic[sizeof(MAGIC)];
    struct stat info;
    return fstat(fd, &info) == 0 && info.st_size == (off_t)sizeof(struct ring) &&
           pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
           memcmp(magic, MAGIC, sizeof(magic)) == 0;
}

static void begin(struct ring *ring)
{
    memcpy(ring->magic, MAGIC, sizeof(MAGIC));
    atomic_store(&ring->next, 1);
}

/* Allocates all disk blocks now: writing to a mapped page without one would raise SIGBUS. */
static bool allocate(int fd)
{
    if (ftruncate(fd, 0) < 0)
        return false;
    errno = posix_fallocate(fd, 0, (off_t)sizeof(struct ring));
    return errno == 0;
}

struct trace_log *trace_log_open(const char *path, struct err *err)
{
    OWN(fd) int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (path && fd < 0) {
        err_set(err, ERR_INTERNAL, "cannot open the trace %s: %s", path, strerror(errno));
        return NULL;
    }
    bool create = fd < 0 || !has_magic(fd);
    if (fd >= 0 && create && !allocate(fd)) {
        err_set(err, ERR_INTERNAL, "cannot create the trace %s: %s", path, strerror(errno));
        return NULL;
    }
    struct trace_log *trace = map(fd, true, err);
    if (trace && create)
        begin(trace->ring);
    return trace;
}

struct trace_log *trace_log_open_to_read(const char *path, struct err *err)
{
    OWN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_set(err, ERR_NOT_FOUND, "cannot open the trace %s: %s", path, strerror(errno));
        return NULL;
    }
    if (!has_magic(fd)) {
        err_set(err, ERR_INPUT, "%s is not a trace of this version", path);
        return NULL;
    }
    return map(fd, false, err);
}

void trace_log_close(struct trace_log *trace)
{
    if (!trace)
        return;
    munmap(trace->ring, sizeof(*trace->ring));
    free(trace);
}

static void put_text(char *to, size_t size, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    bool cut = len >= size;
    if (cut)
        len = size - sizeof("...");
    if (len)
        memcpy(to, text, len);
    memcpy(to + len, cut ? "..." : "", cut ? 4 : 1);
}

/* Slots are copied word by word: a reader may run while a writer writes. */
enum { WORDS = sizeof(struct trace_hop) / sizeof(uint64_t) };

static void put_hop(struct trace_hop *slot, const struct trace_hop *hop)
{
    uint64_t words[WORDS], *to = (uint64_t *)slot;
    memcpy(words, hop, sizeof(words));
    __atomic_store_n(to, 0,
                     __ATOMIC_SEQ_CST); /* the number: readers skip the slot until it is set */
    for (size_t i = 1; i < WORDS; i++)
        __atomic_store_n(to + i, words[i], __ATOMIC_RELEASE);
    __atomic_store_n(to, words[0], __ATOMIC_RELEASE);
}

/* False when the slot is being written or was overwritten. */
static bool get_hop(const struct trace_hop *slot, uint64_t number, struct trace_hop *hop)
{
    uint64_t words[WORDS];
    const uint64_t *from = (const uint64_t *)slot;
    for (size_t i = 0; i < WORDS; i++)
        words[i] = __atomic_load_n(from + i, __ATOMIC_ACQUIRE);
    memcpy(hop, words, sizeof(*hop));
    return hop->number == number && __atomic_load_n(from, __ATOMIC_ACQUIRE) == number;
}

void trace_log_write(struct trace_log *trace, const struct trace_record *record)
{
    int64_t latency_us = record->latency_ns / 1000;
    struct trace_hop hop = {
        .number = atomic_fetch_add(&trace->ring->next, 1),
        .time_ns = timestamp_now_ns(),
        .latency_us = latency_us > UINT32_MAX ? UINT32_MAX : (uint32_t)latency_us,
        .id_hash = hash_text32(record->id),
        .kind = (uint16_t)record->hop,
        .status = (uint16_t)record->status,
        .attempt = (uint32_t)record->attempt,
    };
    put_text(hop.id, sizeof(hop.id), record->id);
    put_text(hop.place, sizeof(hop.place), record->place);
    put_text(hop.peer, sizeof(hop.peer), record->peer);
    put_hop(&trace->ring->hops[hop.number % HOPS], &hop);
}

void trace_log_each(const struct trace_log *trace, const char *id,
                    void (*each)(const struct trace_hop *hop, void *to), void *to)
{
    char text[TRACE_ID_SIZE];
    uint32_t id_hash = id ? hash_text32(id) : 0;
    put_text(text, sizeof(text), id);

    uint64_t end = atomic_load(&trace->ring->next);
    for (uint64_t number = end > HOPS ? end - HOPS : 1; number < end; number++) {
        struct trace_hop hop;
        if (!get_hop(&trace->ring->hops[number % HOPS], number, &hop))
            continue;
        if (!id || (hop.id_hash == id_hash && memcmp(hop.id, text, strlen(text) + 1) == 0))
            each(&hop, to);
    }
}
