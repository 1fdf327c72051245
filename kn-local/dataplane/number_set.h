/* SPDX-License-Identifier: Apache-2.0 */
/* A set of numbers that is nearly everything below some number: one lowest number that is not in
 * it, and ranges above. */
#ifndef KN_LOCAL_DATAPLANE_NUMBER_SET_H
#define KN_LOCAL_DATAPLANE_NUMBER_SET_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct number_range {
    uint64_t from, below;
};

/* All zero is empty. */
struct number_set {
    uint64_t low;                /* all below are in the set, low is not */
    struct number_range *ranges; /* above low; ascending, with a gap between each two */
    size_t count, size;
};

void number_set_done(struct number_set *set);

static inline void own_number_set(struct number_set *local)
{
    number_set_done(local);
}

/* Adds from, from+1, ... below-1. */
void number_set_add(struct number_set *set, uint64_t from, uint64_t below);

bool number_set_has(const struct number_set *set, uint64_t number);

/* The first number not below `from` that is not in the set. */
uint64_t number_set_next_gap(const struct number_set *set, uint64_t from);

/* Behind the last number in the set. */
uint64_t number_set_end(const struct number_set *set);

/* Leaves in set what is in both. */
void number_set_intersect(struct number_set *set, const struct number_set *other);

/* The ranges as bytes, as many as fit into max bytes, lowest first; low is not among them. */
void number_set_encode(const struct number_set *set, size_t max, struct buf *out);

/* Adds ranges that were encoded, from a set with the same low. False when the bytes are not such.
 */
bool number_set_decode(struct number_set *set, struct bytes encoded);

#endif
