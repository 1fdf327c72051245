/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the events that were handed out are done, so that one number says it: all below it are.
 * Events are handed out in order and end in any order. */
#ifndef KN_LOCAL_DATAPLANE_ACK_WINDOW_H
#define KN_LOCAL_DATAPLANE_ACK_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ACK_WINDOW_SIZE = 256 };

/* All zero is empty. */
struct ack_window {
    uint64_t numbers[ACK_WINDOW_SIZE];
    bool done[ACK_WINDOW_SIZE];
    size_t begin, end; /* places, counted up for ever */
};

/* How many more can be handed out. */
size_t ack_window_room(const struct ack_window *window);

/* Hands one out; there must be room. Returns its place. */
size_t ack_window_add(struct ack_window *window, uint64_t number);

/* Ends one. True when that moved the number below which all is done. */
bool ack_window_ack(struct ack_window *window, size_t place);

/* That number; next is the one that will be handed out next. */
uint64_t ack_window_base(const struct ack_window *window, uint64_t next);

#endif
