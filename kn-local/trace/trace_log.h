/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: which way each event went, hop by hop. A ring in a file of fixed size that is mapped
 * into memory: writing is a copy, the last records survive the end of the process, and another
 * process can read them. */
#ifndef KN_LOCAL_TRACE_TRACE_LOG_H
#define KN_LOCAL_TRACE_TRACE_LOG_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trace_hop_kind {
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
const char *trace_log_hop_name(enum trace_hop_kind hop);

enum { TRACE_ID_SIZE = 64, TRACE_PLACE_SIZE = 64, TRACE_PEER_SIZE = 96 };

/* One hop. Texts that are too long end in "...". */
struct trace_hop {
    uint64_t number; /* from 1, in the order of writing; 0 = none */
    int64_t time_ns; /* wall clock */
    uint32_t latency_us;
    uint32_t id_hash; /* of the whole id */
    uint16_t kind;    /* enum trace_hop_kind */
    uint16_t status;  /* of the answer; 0 = none */
    uint32_t attempt; /* 0 = the first */
    char id[TRACE_ID_SIZE];
    char place[TRACE_PLACE_SIZE]; /* "default/channels/pictures", "default/subscriptions/vision" */
    char peer[TRACE_PEER_SIZE];   /* the URL that was called */
};

struct trace_log;

/* Opens or makes the ring; one of another size or make is replaced. path NULL: in memory only. */
struct trace_log *trace_log_open(const char *path, struct err *err);

/* Opens an existing one for reading, e.g. of another, running process. */
struct trace_log *trace_log_open_to_read(const char *path, struct err *err);
void trace_log_close(struct trace_log *journal);

static inline void own_trace_log(struct trace_log **local)
{
    trace_log_close(*local);
}

/* What a hop is about. */
struct trace_record {
    enum trace_hop_kind hop;
    const char *id, *place, *peer; /* peer may be NULL */
    int status, attempt;
    int64_t latency_ns;
};

/* Writes a hop; from any thread. */
void trace_log_write(struct trace_log *journal, const struct trace_record *note);

/* Calls each for the hops of an event in the order they were written, or for all with id NULL, as
 * far back as the ring goes. */
void trace_log_each(const struct trace_log *journal, const char *id,
                    void (*each)(const struct trace_hop *hop, void *to), void *to);

#endif
