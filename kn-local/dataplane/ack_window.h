/* Which of the events that were handed out are done, so that one number says it: all below it are.
 * Events are handed out in order and end in any order. */
#ifndef KN_LOCAL_DATAPLANE_ACK_WINDOW_H
#define KN_LOCAL_DATAPLANE_ACK_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WINDOW_SIZE = 256 };

/* All zero is empty. */
struct window {
    uint64_t numbers[WINDOW_SIZE];
    bool done[WINDOW_SIZE];
    size_t begin, end; /* places, counted up for ever */
};

/* How many more can be handed out. */
size_t window_room(const struct window *window);

/* Hands one out; there must be room. Returns its place. */
size_t window_add(struct window *window, uint64_t number);

/* Ends one. True when that moved the number below which all is done. */
bool window_end(struct window *window, size_t place);

/* That number; next is the one that will be handed out next. */
uint64_t window_low(const struct window *window, uint64_t next);

#endif
