/* Which of the events that were handed out are done. */
#include "kn-local/dataplane/ack_window.h"

#include <assert.h>

size_t window_room(const struct window *window)
{
    return WINDOW_SIZE - (window->end - window->begin);
}

size_t window_add(struct window *window, uint64_t number)
{
    assert(window_room(window) > 0);
    size_t place = window->end++;
    window->numbers[place % WINDOW_SIZE] = number;
    window->done[place % WINDOW_SIZE] = false;
    return place;
}

bool window_end(struct window *window, size_t place)
{
    window->done[place % WINDOW_SIZE] = true;
    if (place != window->begin)
        return false;
    while (window->begin < window->end && window->done[window->begin % WINDOW_SIZE])
        window->begin++;
    return true;
}

uint64_t window_low(const struct window *window, uint64_t next)
{
    return window->begin < window->end ? window->numbers[window->begin % WINDOW_SIZE] : next;
}
