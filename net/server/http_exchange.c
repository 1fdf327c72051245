/* Answering an exchange: at once, later, from any thread. */
#include "net/server/http_server_private.h"

#include "base/json/jread.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <utlist.h>

struct live *live_of(struct http_exchange *exchange)
{
    return (struct live *)exchange;
}

static void live_free(struct live *live)
{
    if (live->face.ended)
        live->face.ended(&live->face);
    if (live->response)
        MHD_destroy_response(live->response);
    headers_done(&live->face.headers);
    buf_done(&live->face.body);
    pthread_mutex_destroy(&live->lock);
    http_server_unref(live->server);
    free(live->uri);
    free(live);
}

void live_unref(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    bool last = --live->refs == 0;
    pthread_mutex_unlock(&live->lock);
    if (last)
        live_free(live);
}

void live_answer(struct live *live, unsigned status, struct MHD_Response *response)
{
    pthread_mutex_lock(&live->lock);
    live->answered = true;
    live->response = response;
    live->status = status;
    if (live->suspended) {
        live->suspended = false;
        MHD_resume_connection(live->connection);
        lane_ring(live->lane);
    }
    pthread_mutex_unlock(&live->lock);
}

bool live_claim(struct live *live)
{
    if (!live->held)
        return true;
    pthread_mutex_lock(&live->server->lock);
    bool listed = live->prev != NULL; /* utlist: every element of a list has a prev */
    if (listed) {
        DL_DELETE(live->server->held, live);
        live->prev = live->next = NULL;
    }
    pthread_mutex_unlock(&live->server->lock);
    return listed;
}

static struct MHD_Response *make_response(struct http_reply *reply)
{
    if (reply->has_file)
        return MHD_create_response_from_fd_at_offset64(reply->file_len, reply->file,
                                                       reply->file_offset);
    size_t len = reply->body.len;
    char *body = reply->body.data;
    reply->body = (struct buf){0};
    if (!body)
        return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    return MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
}

/* Whether the peer may still send: false once it has closed, or shut its sending side. */
static bool peer_sends(int socket)
{
    char byte;
    ssize_t got = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

bool http_alive(const struct http_exchange *exchange)
{
    struct live *live = (struct live *)(uintptr_t)exchange;
    pthread_mutex_lock(&live->lock);
    bool alive = !live->answered && peer_sends(live->socket);
    pthread_mutex_unlock(&live->lock);
    return alive;
}

bool http_closing(const struct http_exchange *exchange)
{
    const struct live *live = (const struct live *)exchange;
    return atomic_load(&live->server->closing);
}

/* Whether this answer should be the connection's last. A peer that has shut its sending side while
 * the exchange was held waits for that: libmicrohttpd does not notice such an end by itself. */
static bool is_last(const struct live *live, const struct http_reply *reply)
{
    return reply->close || atomic_load(&live->server->closing) ||
           (live->held && !peer_sends(live->socket));
}

/* Adds the reply's fields, and empties them. */
void http_reply_headers(struct MHD_Response *response, struct http_reply *reply, bool close)
{
    if (reply->content_type)
        MHD_add_response_header(response, "Content-Type", reply->content_type);
    for (size_t i = 0; i < reply->headers.count; i++)
        MHD_add_response_header(response, reply->headers.list[i].name,
                                reply->headers.list[i].value);
    if (close)
        MHD_add_response_header(response, "Connection", "close");
    headers_done(&reply->headers);
}

void http_answer_with(struct http_exchange *exchange, struct http_reply *reply)
{
    struct live *live = live_of(exchange);
    bool held = live->held;
    if (live_claim(live)) {
        struct MHD_Response *response = make_response(reply);
        if (!response)
            abort(); /* out of memory */
        http_reply_headers(response, reply, is_last(live, reply));
        live_answer(live, reply->status ? (unsigned)reply->status : MHD_HTTP_OK, response);
    } else { /* the server had to close it: nobody listens any more */
        if (reply->has_file)
            close(reply->file);
        headers_done(&reply->headers);
        buf_done(&reply->body);
    }
    if (held)
        live_unref(live);
}

void http_reply_text(struct http_exchange *exchange, int status, const char *text)
{
    struct http_reply reply = {.status = status, .content_type = "text/plain; charset=utf-8"};
    buf_add_text(&reply.body, text);
    http_answer_with(exchange, &reply);
}

void http_reply_json(struct http_exchange *exchange, int status, json_t *tree)
{
    struct http_reply reply = {.status = status, .content_type = "application/json; charset=UTF-8"};
    reply.body.data = json_to_text(tree);
    reply.body.len = strlen(reply.body.data);
    json_decref(tree);
    http_answer_with(exchange, &reply);
}

void http_reply_empty(struct http_exchange *exchange, int status)
{
    struct http_reply reply = {.status = status};
    http_answer_with(exchange, &reply);
}

void http_reply_err(struct http_exchange *exchange, const struct err *err)
{
    struct http_server *server = live_of(exchange)->server;
    if (server->options.refuse) {
        server->options.refuse(exchange, err, server->options.app);
        return;
    }
    struct http_reply reply = {.status = err->status, .content_type = "text/plain; charset=utf-8"};
    buf_add_format(&reply.body, "%s\n", err->text);
    if (err->retry_after_sec) {
        char seconds[16];
        snprintf(seconds, sizeof(seconds), "%d", err->retry_after_sec);
        headers_add(&reply.headers, "Retry-After", seconds);
    }
    http_answer_with(exchange, &reply);
}

void http_hold(struct http_exchange *exchange)
{
    struct live *live = live_of(exchange);
    pthread_mutex_lock(&live->lock);
    bool already = live->held;
    if (!already) {
        live->held = true;
        live->refs++;
    }
    pthread_mutex_unlock(&live->lock);
    if (already)
        return;
    pthread_mutex_lock(&live->server->lock);
    DL_APPEND(live->server->held, live);
    pthread_mutex_unlock(&live->server->lock);
}

static void run_work(void *context)
{
    struct live *live = context;
    live->work(&live->face, live->work_app);
}

void http_work(struct http_exchange *exchange, http_handle *work, void *app)
{
    struct live *live = live_of(exchange);
    http_hold(exchange);
    live->work = work;
    live->work_app = app;
    if (workers_run(live->server->workers, run_work, live))
        return;
    struct err busy = {.retry_after_sec = 1};
    err_set(&busy, ERR_UNAVAILABLE, "too many requests at once, try again");
    http_reply_err(exchange, &busy);
}
