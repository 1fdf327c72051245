/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: a ring of hops in a mapped file. */
#include "kn-local/trace/trace_log.h"

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

/* The file: a page of head, then the ring. */
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
        err_set(err, ERR_INTERNAL, "cannot map the journal: %s", strerror(errno));
        return NULL;
    }
    struct trace_log *journal = alloc_zeroed(sizeof(*journal));
    journal->ring = ring;
    return journal;
}

/* Whether the file is a journal of this make; if so it is kept. */
static bool is_journal(int fd)
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

/* Makes room on the disk at once: a page that cannot be written later would kill the process. */
static bool make_room(int fd)
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
        err_set(err, ERR_INTERNAL, "cannot open the journal %s: %s", path, strerror(errno));
        return NULL;
    }
    bool fresh = fd < 0 || !is_journal(fd);
    if (fd >= 0 && fresh && !make_room(fd)) {
        err_set(err, ERR_INTERNAL, "cannot make the journal %s: %s", path, strerror(errno));
        return NULL;
    }
    struct trace_log *journal = map(fd, true, err);
    if (journal && fresh)
        begin(journal->ring);
    return journal;
}

struct trace_log *trace_log_open_to_read(const char *path, struct err *err)
{
    OWN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_set(err, ERR_NOT_FOUND, "cannot open the journal %s: %s", path, strerror(errno));
        return NULL;
    }
    if (!is_journal(fd)) {
        err_set(err, ERR_INPUT, "%s is no journal of this version", path);
        return NULL;
    }
    return map(fd, false, err);
}

void trace_log_close(struct trace_log *journal)
{
    if (!journal)
        return;
    munmap(journal->ring, sizeof(*journal->ring));
    free(journal);
}

/* FNV-1a. */
static uint32_t hash(const char *text)
{
    uint32_t sum = 2166136261u;
    for (; *text; text++)
        sum = (sum ^ (unsigned char)*text) * 16777619u;
    return sum;
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

/* Slots are copied word by word, since a reader may look while a writer writes. */
enum { WORDS = sizeof(struct trace_hop) / sizeof(uint64_t) };

static void put_hop(struct trace_hop *slot, const struct trace_hop *hop)
{
    uint64_t words[WORDS], *to = (uint64_t *)slot;
    memcpy(words, hop, sizeof(words));
    __atomic_store_n(to, 0, __ATOMIC_SEQ_CST); /* its number: readers skip it for now */
    for (size_t i = 1; i < WORDS; i++)
        __atomic_store_n(to + i, words[i], __ATOMIC_RELEASE);
    __atomic_store_n(to, words[0], __ATOMIC_RELEASE);
}

/* False when the slot is being written, or was overwritten meanwhile. */
static bool get_hop(const struct trace_hop *slot, uint64_t number, struct trace_hop *hop)
{
    uint64_t words[WORDS];
    const uint64_t *from = (const uint64_t *)slot;
    for (size_t i = 0; i < WORDS; i++)
        words[i] = __atomic_load_n(from + i, __ATOMIC_ACQUIRE);
    memcpy(hop, words, sizeof(*hop));
    return hop->number == number && __atomic_load_n(from, __ATOMIC_ACQUIRE) == number;
}

void trace_log_write(struct trace_log *journal, const struct trace_record *note)
{
    int64_t latency_us = note->latency_ns / 1000;
    struct trace_hop hop = {
        .number = atomic_fetch_add(&journal->ring->next, 1),
        .time_ns = timestamp_now_ns(),
        .latency_us = latency_us > UINT32_MAX ? UINT32_MAX : (uint32_t)latency_us,
        .id_hash = hash(note->id),
        .kind = (uint16_t)note->hop,
        .status = (uint16_t)note->status,
        .attempt = (uint32_t)note->attempt,
    };
    put_text(hop.id, sizeof(hop.id), note->id);
    put_text(hop.place, sizeof(hop.place), note->place);
    put_text(hop.peer, sizeof(hop.peer), note->peer);
    put_hop(&journal->ring->hops[hop.number % HOPS], &hop);
}

void trace_log_each(const struct trace_log *journal, const char *id,
                    void (*each)(const struct trace_hop *hop, void *to), void *to)
{
    char text[TRACE_ID_SIZE];
    uint32_t id_hash = id ? hash(id) : 0;
    put_text(text, sizeof(text), id);

    uint64_t end = atomic_load(&journal->ring->next);
    for (uint64_t number = end > HOPS ? end - HOPS : 1; number < end; number++) {
        struct trace_hop hop;
        if (!get_hop(&journal->ring->hops[number % HOPS], number, &hop))
            continue;
        if (!id || (hop.id_hash == id_hash && memcmp(hop.id, text, strlen(text) + 1) == 0))
            each(&hop, to);
    }
}
