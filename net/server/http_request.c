/* SPDX-License-Identifier: Apache-2.0 */
/* A request, from its first line to its response: the callbacks of libmicrohttpd. */
#include "net/server/http_server_private.h"

#include "base/str.h"

#include <string.h>

enum {
    DISCARD_BYTES = 64 << 20, /* read and dropped of a body that was refused in the middle */
    HEADER_BYTES = 1024,      /* the fields of nearly every request; malloc caches this size */
};

int http_request_socket(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* Called with the request line, before the fields are read. */
void *http_request_on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct server_thread *thread = context;
    struct http_server *server = thread->server;
    struct http_request *request = alloc_zeroed(sizeof(*request));
    request->server = server;
    request->thread = thread;
    request->connection = connection;
    request->socket = http_request_socket(connection);
    request->uri = str_copy(uri);
    request->query = strchr(request->uri, '?');
    if (request->query)
        *request->query++ = '\0';
    request->refs = 1;
    pthread_mutex_init(&request->lock, NULL);

    atomic_fetch_add(&server->refs, 1);
    http_server_count(server, &server->requests, 1);
    return request;
}

void http_request_on_completed(void *context, struct MHD_Connection *connection, void **state,
                               enum MHD_RequestTerminationCode code)
{
    (void)connection, (void)code;
    struct http_server *server = context;
    struct http_request *request = *state;
    *state = NULL;
    if (!request)
        return;
    http_exchange_unref(request);
    http_server_count(server, &server->requests, -1);
}

static enum MHD_Result add_field(void *context, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    (void)kind;
    headers_add(context, name, value ? value : "");
    return MHD_YES;
}

/* RFC 9112 section 6.3: not two lengths, nor a length and chunks, nor other codings. */
static bool framing_ok(const struct headers *headers, struct err *err)
{
    const char *coding = headers_get(headers, "Transfer-Encoding");
    if (coding && headers_get(headers, "Content-Length"))
        return err_set(err, ERR_INPUT, "request has both Content-Length and Transfer-Encoding");
    if (coding && !str_equal_any_case(coding, "chunked"))
        return err_set(err, ERR_INPUT, "Transfer-Encoding is %s, want chunked", coding);
    if (headers_count(headers, "Content-Length") > 1)
        return err_set(err, ERR_INPUT, "request has more than one Content-Length");
    return true;
}

static bool length_ok(const struct http_exchange *exchange, struct err *err)
{
    const char *length = headers_get(&exchange->headers, "Content-Length");
    int64_t bytes = 0;
    if (!length || !exchange->max_body)
        return true;
    if (str_int(length, 0, INT64_MAX, &bytes) && (uint64_t)bytes <= exchange->max_body)
        return true;
    return err_set(err, ERR_TOO_LARGE, "body has %s bytes, the limit is %zu", length,
                   exchange->max_body);
}

static void refuse_and_close(struct http_request *request, const struct err *err)
{
    http_exchange_reply_err(&request->base, err);
    if (!request->held)
        MHD_add_response_header(request->response, "Connection", "close");
}

static void begin(struct http_request *request, const char *method)
{
    struct http_exchange *exchange = &request->base;
    struct http_server *server = request->server;
    exchange->method = method;
    exchange->path = request->uri;
    exchange->query = request->query;
    exchange->tls = server->options.cert_pem != NULL;
    exchange->max_body = server->options.max_body;
    headers_reserve(&exchange->headers, 16, HEADER_BYTES);
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, add_field, &exchange->headers);

    struct err err = {0};
    if (!framing_ok(&exchange->headers, &err)) {
        refuse_and_close(request, &err);
        return;
    }
    if (server->options.begin)
        server->options.begin(exchange, server->options.app);
    if (!request->answered && !length_ok(exchange, &err))
        refuse_and_close(request, &err);
    exchange->body.max = exchange->max_body;
}

/* Receives a piece of the body. False when the connection must be closed. */
static bool receive(struct http_request *request, struct bytes piece)
{
    struct http_exchange *exchange = &request->base;
    request->received += piece.len;
    if (request->err.status)
        return request->received < DISCARD_BYTES;
    if (exchange->max_body && request->received > exchange->max_body) {
        err_set(&request->err, ERR_TOO_LARGE, "body is over the limit of %zu bytes",
                exchange->max_body);
        buf_done(&exchange->body);
        request->received = 0;
        return true;
    }
    if (exchange->sink) {
        if (!exchange->sink(exchange, piece, &request->err))
            request->received = 0;
    } else if (!buf_add(&exchange->body, piece.data, piece.len)) {
        return false;
    }
    return true;
}

static void handle(struct http_request *request)
{
    if (request->err.status) {
        refuse_and_close(request, &request->err);
        return;
    }
    request->server->options.handle(&request->base, request->server->options.app);
}

/* Sends the response, or suspends the connection until there is one. */
static enum MHD_Result respond_or_suspend(struct http_request *request)
{
    pthread_mutex_lock(&request->lock);
    enum MHD_Result result = MHD_YES;
    if (request->answered) {
        result = MHD_queue_response(request->connection, request->status, request->response);
    } else {
        request->suspended = true;
        MHD_suspend_connection(request->connection);
    }
    pthread_mutex_unlock(&request->lock);
    return result;
}

/* Called for the head of a request, for each piece of its body, at its end, and when the connection
 * is resumed. */
enum MHD_Result http_request_on_access(void *context, struct MHD_Connection *connection,
                                       const char *url, const char *method, const char *version,
                                       const char *upload, size_t *upload_size, void **state)
{
    (void)context, (void)connection, (void)url, (void)version;
    struct http_request *request = *state;
    if (!request->begun) {
        request->begun = true;
        begin(request, method);
        return request->answered ? respond_or_suspend(request) : MHD_YES;
    }
    if (*upload_size) {
        bool ok = receive(request, (struct bytes){upload, *upload_size});
        *upload_size = 0;
        return ok ? MHD_YES : MHD_NO;
    }
    if (!request->handled) {
        request->handled = true;
        handle(request);
    }
    return respond_or_suspend(request);
}
