/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for an event to be settled: a request to be answered, another channel's delivery. It
 * belongs to whatever accepted the event; deliveries share the event, and only count here. */
#ifndef KN_LOCAL_DATAPLANE_RECEIPT_H
#define KN_LOCAL_DATAPLANE_RECEIPT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Bytes of events that may be in memory at once; lives until nothing refers to it. */
struct budget {
    atomic_uint refs;
    atomic_size_t used;
    size_t max;
};

struct budget *receipt_budget_new(size_t max);
void receipt_budget_release(struct budget *budget);

struct receipt {
    atomic_uint open; /* what has not ended, the holder's own part included */
    atomic_int status;
    const char *_Atomic reason; /* of the first failure; a literal */
    atomic_bool answered;
    bool async;   /* a failed delivery (500) is not reported: the channel has accepted the event */
    bool refused; /* the event was not taken, for now: it is full, starting, or out of disk */
    struct budget *budget;
    size_t bytes; /* counted in the budget until nothing is open */

    /* Called once, on any thread: 202 when all went well, else the status of the first failure and
     * a line that says why. */
    void (*answer)(struct receipt *receipt, int status, const char *reason);
    /* Whether an answer is still waited for; NULL = always. */
    bool (*wanted)(struct receipt *receipt);
    /* Frees it when nothing is open. */
    void (*free)(struct receipt *receipt);
};

/* Sets the functions, with one part open. */
void receipt_init(struct receipt *receipt,
                  void (*answer)(struct receipt *receipt, int status, const char *reason),
                  bool (*wanted)(struct receipt *receipt), void (*free)(struct receipt *receipt));

/* Opens more parts, each to be ended by receipt_settle. */
void receipt_open(struct receipt *receipt, unsigned parts);

/* Ends a part: with 202, or with a failure's status and reason (a literal). The last one answers,
 * unless that was done, and frees. */
void receipt_settle(struct receipt *receipt, int status, const char *reason);

/* Answers now, before the parts have ended; reason is borrowed for the call. */
void receipt_answer(struct receipt *receipt, int status, const char *reason);

/* False when it was waited for and is not any longer. */
bool receipt_is_wanted(struct receipt *receipt);

/* Counts bytes against a budget until the receipt is freed. False when there is no room; something
 * always fits into an empty budget. */
bool receipt_charge(struct receipt *receipt, struct budget *budget, size_t bytes);

#endif
