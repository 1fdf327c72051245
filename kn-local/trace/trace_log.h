/* SPDX-License-Identifier: Apache-2.0 */
/* The trace of events, hop by hop: a ring buffer in a mapped file of fixed size. Writing is a copy
 * in memory; the last records survive a crash of the process, and other processes can read them. */
#ifndef KN_LOCAL_TRACE_TRACE_LOG_H
#define KN_LOCAL_TRACE_TRACE_LOG_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trace_hop_kind {
    HOP_RECEIVED,    /* accepted by a channel */
    HOP_REFUSED,     /* refused by a channel: full, or not an event */
    HOP_DELIVERED,   /* accepted by the subscriber */
    HOP_RETRIED,     /* an attempt failed; another one follows */
    HOP_REPLIED,     /* the subscriber's reply was delivered */
    HOP_DEAD_LETTER, /* accepted by the dead letter sink */
    HOP_DROPPED,     /* given up without a dead letter sink */
    HOP_SENT,        /* accepted by the sink of a PingSource */
};

/* The hop's name, e.g. "dead-lettered". */
const char *trace_log_hop_name(enum trace_hop_kind hop);

enum { TRACE_ID_SIZE = 64, TRACE_PLACE_SIZE = 64, TRACE_PEER_SIZE = 96 };

/* One hop. Strings that are too long end in "...". */
struct trace_hop {
    uint64_t number; /* from 1, in the order of writing; 0: empty slot */
    int64_t time_ns; /* wall clock */
    uint32_t latency_us;
    uint32_t id_hash; /* of the whole id */
    uint16_t kind;    /* enum trace_hop_kind */
    uint16_t status;  /* of the response; 0: no response */
    uint32_t attempt; /* 0 = the first */
    char id[TRACE_ID_SIZE];
    char place[TRACE_PLACE_SIZE]; /* "default/channels/pictures", "default/subscriptions/vision" */
    char peer[TRACE_PEER_SIZE];   /* the URL that was called */
};

struct trace_log;

/* Opens or creates the file; one of another size or version is replaced. path NULL: in memory. */
struct trace_log *trace_log_open(const char *path, struct err *err);

/* Opens an existing file for reading, e.g. that of a running process. */
struct trace_log *trace_log_open_to_read(const char *path, struct err *err);
void trace_log_close(struct trace_log *trace);

static inline void own_trace_log(struct trace_log **local)
{
    trace_log_close(*local);
}

/* The input of trace_log_write. */
struct trace_record {
    enum trace_hop_kind hop;
    const char *id, *place, *peer; /* peer may be NULL */
    int status, attempt;
    int64_t latency_ns;
};

/* Writes a hop. Thread-safe. */
void trace_log_write(struct trace_log *trace, const struct trace_record *record);

/* Calls each for the hops of an event, or with id NULL for all hops, oldest first, as far back as
 * the ring reaches. */
void trace_log_each(const struct trace_log *trace, const char *id,
                    void (*each)(const struct trace_hop *hop, void *to), void *to);

#endif
