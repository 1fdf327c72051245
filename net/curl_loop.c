/* Lets one libcurl multi handle work: waits by epoll for its sockets and its timer. */
#include "net/curl_loop.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum watch_bits { WATCH_IN = 1, WATCH_OUT = 2 };

static struct watch *watch_of(struct curl_loop *loop, int fd)
{
    size_t index = (size_t)fd;
    if (index >= loop->size) {
        size_t size = loop->size ? loop->size : 64;
        while (size <= index)
            size *= 2;
        loop->list = must_realloc(loop->list, size * sizeof(*loop->list));
        memset(loop->list + loop->size, 0, (size - loop->size) * sizeof(*loop->list));
        loop->size = size;
    }
    return &loop->list[index];
}

/* Tells epoll; when it sees the socket in another way than we do, its view is put right. */
static void register_watch(struct curl_loop *loop, int fd, struct watch *watch, unsigned char bits)
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
    struct watch *watch = watch_of(loop, fd);
    watch->wanted = bits[what];

    /* an idle connection stays registered for input: the next request wants just that; but one that
     * may be written to would wake us again and again */
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
        loop->deadline_ns = time_monotonic_ns() + timeout_ms * NS_PER_MS;
    return 0;
}

static int on_open(void *context, curl_socket_t fd, curlsocktype purpose)
{
    (void)purpose;
    *watch_of(context, fd) = (struct watch){.connection = true};
    return CURL_SOCKOPT_OK;
}

static int on_close(void *context, curl_socket_t fd)
{
    *watch_of(context, fd) = (struct watch){0};
    return close(fd);
}

void curl_loop_adopt(struct curl_loop *loop, CURL *easy)
{
    const struct libcurl *curl = loop->curl;
    curl->easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_open);
    curl->easy_setopt(easy, CURLOPT_SOCKOPTDATA, loop);
    curl->easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl->easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, loop);
}

static bool open_descriptors(struct curl_loop *loop, struct err *err)
{
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = loop->wake};
    if (loop->epoll < 0 || loop->wake < 0 ||
        epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event) < 0)
        return err_set(err, ERR_UNAVAILABLE, "cannot open the HTTP client: %s", strerror(errno));
    return true;
}

bool curl_loop_init(struct curl_loop *loop, const struct libcurl *curl, struct err *err)
{
    *loop = (struct curl_loop){.curl = curl,
                               .epoll = -1,
                               .wake = -1,
                               .deadline_ns = INT64_MAX,
                               .multi = curl->multi_init()};
    if (!loop->multi)
        return err_set(err, ERR_UNAVAILABLE, "cannot open the HTTP client: no memory");
    if (!open_descriptors(loop, err))
        return false;
    curl->multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl->multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl->multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl->multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    return true;
}

void curl_loop_hang_up(struct curl_loop *loop)
{
    if (loop->multi)
        loop->curl->multi_cleanup(loop->multi);
    loop->multi = NULL;
}

void curl_loop_done(struct curl_loop *loop)
{
    curl_loop_hang_up(loop);
    own_fd(&loop->epoll);
    own_fd(&loop->wake);
    free(loop->list);
    *loop = (struct curl_loop){.epoll = -1, .wake = -1};
}

void curl_loop_wake(struct curl_loop *loop)
{
    while (eventfd_write(loop->wake, 1) < 0 && errno == EINTR)
        ;
}

/* Milliseconds until libcurl wants to be called, rounded up; -1 = whenever. */
static int patience_ms(const struct curl_loop *loop)
{
    if (loop->deadline_ns == INT64_MAX)
        return -1;
    if (loop->deadline_ns == 0)
        return 0;
    int64_t left_ms = (loop->deadline_ns - time_monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;
    return left_ms < 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

static void act(struct curl_loop *loop, curl_socket_t fd, int mask)
{
    int running;
    loop->curl->multi_socket_action(loop->multi, fd, mask, &running);
}

static void on_ready(struct curl_loop *loop, const struct epoll_event *event)
{
    int fd = event->data.fd;
    if (fd == loop->wake) {
        eventfd_t count;
        eventfd_read(fd, &count);
        return;
    }
    struct watch *watch = watch_of(loop, fd);
    if (watch->registered &
        (unsigned char)~watch->wanted) /* what we left there is in the way now */
        register_watch(loop, fd, watch, watch->wanted);
    if (watch->wanted)
        act(loop, fd,
            (event->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                (event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                (event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
}

void curl_loop_turn(struct curl_loop *loop, bool may_wait)
{
    struct epoll_event ready[128];
    int count = epoll_wait(loop->epoll, ready, COUNT(ready), may_wait ? patience_ms(loop) : 0);
    for (int i = 0; i < count; i++)
        on_ready(loop, &ready[i]);

    if (loop->deadline_ns != INT64_MAX && patience_ms(loop) == 0) {
        loop->deadline_ns = INT64_MAX; /* libcurl sets the next one */
        act(loop, CURL_SOCKET_TIMEOUT, 0);
    }
}
