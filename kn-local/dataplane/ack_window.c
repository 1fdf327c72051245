/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the events that were handed out are done. */
#include "kn-local/dataplane/ack_window.h"

#include <assert.h>

size_t ack_window_room(const struct ack_window *window)
{
    return ACK_WINDOW_SIZE - (window->end - window->begin);
}

size_t ack_window_add(struct ack_window *window, uint64_t number)
{
    assert(ack_window_room(window) > 0);
    size_t place = window->end++;
    window->numbers[place % ACK_WINDOW_SIZE] = number;
    window->done[place % ACK_WINDOW_SIZE] = false;
    return place;
}

bool ack_window_ack(struct ack_window *window, size_t place)
{
    window->done[place % ACK_WINDOW_SIZE] = true;
    if (place != window->begin)
        return false;
    while (window->begin < window->end && window->done[window->begin % ACK_WINDOW_SIZE])
        window->begin++;
    return true;
}

uint64_t ack_window_base(const struct ack_window *window, uint64_t next)
{
    return window->begin < window->end ? window->numbers[window->begin % ACK_WINDOW_SIZE] : next;
}
