/* SPDX-License-Identifier: Apache-2.0 */
/* Answers an exchange: at once, or later from any thread. */
#include "net/server/http_server_private.h"

#include "base/json/jread.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <utlist.h>

struct http_request *http_exchange_request(struct http_exchange *exchange)
{
    return (struct http_request *)exchange;
}

static void request_free(struct http_request *request)
{
    if (request->base.ended)
        request->base.ended(&request->base);
    if (request->response)
        MHD_destroy_response(request->response);
    headers_done(&request->base.headers);
    buf_done(&request->base.body);
    pthread_mutex_destroy(&request->lock);
    http_server_unref(request->server);
    free(request->uri);
    free(request);
}

void http_exchange_unref(struct http_request *request)
{
    pthread_mutex_lock(&request->lock);
    bool last = --request->refs == 0;
    pthread_mutex_unlock(&request->lock);
    if (last)
        request_free(request);
}

void http_exchange_respond(struct http_request *request, unsigned status,
                           struct MHD_Response *response)
{
    pthread_mutex_lock(&request->lock);
    request->answered = true;
    request->response = response;
    request->status = status;
    if (request->suspended) {
        request->suspended = false;
        MHD_resume_connection(request->connection);
        server_thread_wake(request->thread);
    }
    pthread_mutex_unlock(&request->lock);
}

bool http_exchange_claim(struct http_request *request)
{
    if (!request->held)
        return true;
    pthread_mutex_lock(&request->server->lock);
    bool listed = request->prev != NULL; /* utlist: every element has a prev */
    if (listed) {
        DL_DELETE(request->server->held, request);
        request->prev = request->next = NULL;
    }
    pthread_mutex_unlock(&request->server->lock);
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

/* Whether the peer can still send: false once it has closed, or shut down its sending side. */
static bool peer_sends(int socket)
{
    char byte;
    ssize_t got = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

bool http_exchange_is_connected(const struct http_exchange *exchange)
{
    struct http_request *request = (struct http_request *)(uintptr_t)exchange;
    pthread_mutex_lock(&request->lock);
    bool alive = !request->answered && peer_sends(request->socket);
    pthread_mutex_unlock(&request->lock);
    return alive;
}

bool http_exchange_is_closing(const struct http_exchange *exchange)
{
    const struct http_request *request = (const struct http_request *)exchange;
    return atomic_load(&request->server->closing);
}

/* Whether to close the connection after this response. A peer that has shut down its sending side
 * while the exchange was held waits for that: libmicrohttpd does not notice such an end. */
static bool is_last(const struct http_request *request, const struct http_reply *reply)
{
    return reply->close || atomic_load(&request->server->closing) ||
           (request->held && !peer_sends(request->socket));
}

/* Adds the reply's fields, and empties them. */
void http_exchange_add_headers(struct MHD_Response *response, struct http_reply *reply, bool close)
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

void http_exchange_reply(struct http_exchange *exchange, struct http_reply *reply)
{
    struct http_request *request = http_exchange_request(exchange);
    bool held = request->held;
    if (http_exchange_claim(request)) {
        struct MHD_Response *response = make_response(reply);
        if (!response)
            abort(); /* out of memory */
        http_exchange_add_headers(response, reply, is_last(request, reply));
        http_exchange_respond(request, reply->status ? (unsigned)reply->status : MHD_HTTP_OK,
                              response);
    } else { /* the server has answered it while closing */
        if (reply->has_file)
            close(reply->file);
        headers_done(&reply->headers);
        buf_done(&reply->body);
    }
    if (held)
        http_exchange_unref(request);
}

void http_exchange_reply_text(struct http_exchange *exchange, int status, const char *text)
{
    struct http_reply reply = {.status = status, .content_type = "text/plain; charset=utf-8"};
    buf_add_text(&reply.body, text);
    http_exchange_reply(exchange, &reply);
}

void http_exchange_reply_json(struct http_exchange *exchange, int status, json_t *tree)
{
    struct http_reply reply = {.status = status, .content_type = "application/json; charset=UTF-8"};
    reply.body.data = json_to_text(tree);
    reply.body.len = strlen(reply.body.data);
    json_decref(tree);
    http_exchange_reply(exchange, &reply);
}

void http_exchange_reply_empty(struct http_exchange *exchange, int status)
{
    struct http_reply reply = {.status = status};
    http_exchange_reply(exchange, &reply);
}

void http_exchange_reply_err(struct http_exchange *exchange, const struct err *err)
{
    struct http_server *server = http_exchange_request(exchange)->server;
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
    http_exchange_reply(exchange, &reply);
}

void http_exchange_hold(struct http_exchange *exchange)
{
    struct http_request *request = http_exchange_request(exchange);
    pthread_mutex_lock(&request->lock);
    bool already = request->held;
    if (!already) {
        request->held = true;
        request->refs++;
    }
    pthread_mutex_unlock(&request->lock);
    if (already)
        return;
    pthread_mutex_lock(&request->server->lock);
    DL_APPEND(request->server->held, request);
    pthread_mutex_unlock(&request->server->lock);
}

static void run_work(void *context)
{
    struct http_request *request = context;
    request->work(&request->base, request->work_app);
}

void http_exchange_run_blocking(struct http_exchange *exchange, http_handler *work, void *app)
{
    struct http_request *request = http_exchange_request(exchange);
    http_exchange_hold(exchange);
    request->work = work;
    request->work_app = app;
    if (worker_pool_run(request->server->workers, run_work, request))
        return;
    struct err busy = {.retry_after_sec = 1};
    err_set(&busy, ERR_UNAVAILABLE, "too many requests at once; try again");
    http_exchange_reply_err(exchange, &busy);
}
