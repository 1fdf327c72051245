/* The journal: which way each event went, hop by hop. A ring in a file of fixed size that is mapped
 * into memory: writing is a copy, the last records survive the end of the process, and another
 * process can read them. */
#ifndef KN_LOCAL_TRACE_TRACE_LOG_H
#define KN_LOCAL_TRACE_TRACE_LOG_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hop {
    HOP_RECEIVED,    /* a channel took it in */
    HOP_REFUSED,     /* a channel did not: full, or no event */
    HOP_DELIVERED,   /* the subscriber took it */
    HOP_RETRIED,     /* an attempt failed, there will be another */
    HOP_REPLIED,     /* the subscriber's reply was delivered */
    HOP_DEAD_LETTER, /* the dead letter sink took it */
    HOP_DROPPED,     /* given up */
    HOP_SENT,        /* a PingSource's sink took it */
};

/* The hop's name, e.g. "dead-lettered". */
const char *hop_name(enum hop hop);

enum { JOURNAL_ID = 64, JOURNAL_PLACE = 64, JOURNAL_PEER = 96 };

/* One hop. Texts that are too long end in "...". */
struct journal_hop {
    uint64_t number; /* from 1, in the order of writing; 0 = none */
    int64_t time_ns; /* wall clock */
    uint32_t latency_us;
    uint32_t id_hash; /* of the whole id */
    uint16_t kind;    /* enum hop */
    uint16_t status;  /* of the answer; 0 = none */
    uint32_t attempt; /* 0 = the first */
    char id[JOURNAL_ID];
    char place[JOURNAL_PLACE]; /* "default/channels/pictures", "default/subscriptions/vision" */
    char peer[JOURNAL_PEER];   /* the URL that was called */
};

struct journal;

/* Opens or makes the ring; one of another size or make is replaced. path NULL: in memory only. */
struct journal *journal_open(const char *path, struct err *err);

/* Opens an existing one for reading, e.g. of another, running process. */
struct journal *journal_open_to_read(const char *path, struct err *err);
void journal_close(struct journal *journal);

static inline void own_journal(struct journal **local)
{
    journal_close(*local);
}

/* What a hop is about. */
struct journal_note {
    enum hop hop;
    const char *id, *place, *peer; /* peer may be NULL */
    int status, attempt;
    int64_t latency_ns;
};

/* Writes a hop; from any thread. */
void journal_write(struct journal *journal, const struct journal_note *note);

/* Calls each for the hops of an event in the order they were written, or for all with id NULL, as
 * far back as the ring goes. */
void journal_each(const struct journal *journal, const char *id,
                  void (*each)(const struct journal_hop *hop, void *to), void *to);

#endif
