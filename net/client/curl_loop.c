/* SPDX-License-Identifier: Apache-2.0 */
/* Drives a libcurl multi handle: its sockets by epoll, and its timer. */
#include "net/client/curl_loop.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum watch_bits { WATCH_IN = 1, WATCH_OUT = 2 };

static struct curl_loop_socket *watch_of(struct curl_loop *loop, int fd)
{
    size_t index = (size_t)fd;
    if (index >= loop->size) {
        size_t size = loop->size ? loop->size : 64;
        while (size <= index)
            size *= 2;
        loop->list = alloc_resize(loop->list, size * sizeof(*loop->list));
        memset(loop->list + loop->size, 0, (size - loop->size) * sizeof(*loop->list));
        loop->size = size;
    }
    return &loop->list[index];
}

/* Registers with epoll; when the socket is already there, or is missing, contrary to our state, the
 * other operation is tried. */
static void register_watch(struct curl_loop *loop, int fd, struct curl_loop_socket *watch,
                           unsigned char bits)
{
    struct epoll_event event = {.data.fd = fd};
    event.events = (bits & WATCH_IN ? EPOLLIN : 0U) | (bits & WATCH_OUT ? EPOLLOUT : 0U);
    if (bits == 0)
        epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
    else if (epoll_ctl(loop->epoll, watch->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event))
        epoll_ctl(loop->epoll, watch->registered ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    watch->registered = bits;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *unused)
{
    (void)easy, (void)unused;
    static const unsigned char bits[] = {
        [CURL_POLL_IN] = WATCH_IN,
        [CURL_POLL_OUT] = WATCH_OUT,
        [CURL_POLL_INOUT] = WATCH_IN | WATCH_OUT,
        [CURL_POLL_REMOVE] = 0,
    };
    struct curl_loop *loop = context;
    struct curl_loop_socket *watch = watch_of(loop, fd);
    watch->wanted = bits[what];

    /* an idle connection stays registered for input, which the next request needs; output would
     * wake us all the time */
    unsigned char missing = watch->wanted & (unsigned char)~watch->registered;
    bool writable = watch->registered & (unsigned char)~watch->wanted & WATCH_OUT;
    if (missing || writable || !watch->connection)
        register_watch(loop, fd, watch, watch->wanted);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct curl_loop *loop = context;
    if (timeout_ms < 0)
        loop->deadline_ns = INT64_MAX;
    else if (timeout_ms == 0)
        loop->deadline_ns = 0;
    else
        loop->deadline_ns = timestamp_monotonic_ns() + timeout_ms * NS_PER_MS;
    return 0;
}

static int on_open(void *context, curl_socket_t fd, curlsocktype purpose)
{
    (void)purpose;
    *watch_of(context, fd) = (struct curl_loop_socket){.connection = true};
    return CURL_SOCKOPT_OK;
}

static int on_close(void *context, curl_socket_t fd)
{
    *watch_of(context, fd) = (struct curl_loop_socket){0};
    return close(fd);
}

void curl_loop_attach(struct curl_loop *loop, const struct libcurl *curl, CURL *easy)
{
    curl->easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_open);
    curl->easy_setopt(easy, CURLOPT_SOCKOPTDATA, loop);
    curl->easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl->easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, loop);
}

bool curl_loop_init(struct curl_loop *loop, const struct libcurl *curl, struct err *err)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        return err_set(err, ERR_UNAVAILABLE, "cannot call libcurl: %s", strerror(errno));
    *loop = (struct curl_loop){
        .curl = curl, .epoll = epoll, .deadline_ns = INT64_MAX, .multi = curl->multi_init()};
    if (!loop->multi)
        abort(); /* out of memory */
    curl->multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl->multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl->multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl->multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    return true;
}

void curl_loop_done(struct curl_loop *loop)
{
    if (!loop->curl)
        return;
    loop->curl->multi_cleanup(loop->multi);
    close(loop->epoll);
    free(loop->list);
    *loop = (struct curl_loop){0};
}

static void act(struct curl_loop *loop, curl_socket_t fd, int mask)
{
    int running;
    loop->curl->multi_socket_action(loop->multi, fd, mask, &running);
}

static void on_ready(struct curl_loop *loop, const struct epoll_event *event)
{
    int fd = event->data.fd;
    struct curl_loop_socket *watch = watch_of(loop, fd);
    if (watch->registered &
        (unsigned char)~watch->wanted) /* what we left registered is not wanted now */
        register_watch(loop, fd, watch, watch->wanted);
    if (watch->wanted)
        act(loop, fd,
            (event->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                (event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                (event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
}

void curl_loop_run(struct curl_loop *loop)
{
    struct epoll_event ready[128];
    int count = epoll_wait(loop->epoll, ready, ARRAY_SIZE(ready), 0);
    for (int i = 0; i < count; i++)
        on_ready(loop, &ready[i]);

    int64_t due_ns = loop->deadline_ns;
    if (due_ns == 0 || (due_ns != INT64_MAX && due_ns <= timestamp_monotonic_ns())) {
        loop->deadline_ns = INT64_MAX; /* libcurl sets the next one */
        act(loop, CURL_SOCKET_TIMEOUT, 0);
    }
}
