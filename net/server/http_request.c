/* One request from its first line to its answer, as libmicrohttpd calls for it. */
#include "net/server/http_server_private.h"

#include "base/str.h"

#include <string.h>

enum {
    DISCARD_BYTES = 64 << 20, /* read and dropped of a body that was refused half-way */
    HEADER_BYTES = 1024, /* enough for the fields of nearly every request, and cached by malloc */
};

int http_socket(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* Called with the request line, before the fields are read: the exchange begins here. */
void *http_on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct lane *lane = context;
    struct http_server *server = lane->server;
    struct live *live = must_alloc(sizeof(*live));
    live->server = server;
    live->lane = lane;
    live->connection = connection;
    live->socket = http_socket(connection);
    live->uri = str_copy(uri);
    live->query = strchr(live->uri, '?');
    if (live->query)
        *live->query++ = '\0';
    live->refs = 1;
    pthread_mutex_init(&live->lock, NULL);

    atomic_fetch_add(&server->refs, 1);
    atomic_fetch_add(&server->requests, 1);
    return live;
}

void http_on_completed(void *context, struct MHD_Connection *connection, void **request,
                       enum MHD_RequestTerminationCode code)
{
    (void)connection, (void)code;
    struct http_server *server = context;
    struct live *live = *request;
    *request = NULL;
    if (!live)
        return;
    live_unref(live);
    atomic_fetch_sub(&server->requests, 1);
}

static enum MHD_Result add_field(void *context, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    (void)kind;
    headers_add(context, name, value ? value : "");
    return MHD_YES;
}

/* What RFC 9112 section 6.3 calls an error: two lengths, a length beside chunks, other codings. */
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

static void refuse_and_close(struct live *live, const struct err *err)
{
    http_reply_err(&live->face, err);
    if (!live->held)
        MHD_add_response_header(live->response, "Connection", "close");
}

static void begin(struct live *live, const char *method)
{
    struct http_exchange *exchange = &live->face;
    struct http_server *server = live->server;
    exchange->method = method;
    exchange->path = live->uri;
    exchange->query = live->query;
    exchange->tls = server->options.cert_pem != NULL;
    exchange->max_body = server->options.max_body;
    headers_reserve(&exchange->headers, 16, HEADER_BYTES);
    MHD_get_connection_values(live->connection, MHD_HEADER_KIND, add_field, &exchange->headers);

    struct err err = {0};
    if (!framing_ok(&exchange->headers, &err)) {
        refuse_and_close(live, &err);
        return;
    }
    if (server->options.begin)
        server->options.begin(exchange, server->options.app);
    if (!live->answered && !length_ok(exchange, &err))
        refuse_and_close(live, &err);
    exchange->body.max = exchange->max_body;
}

/* Takes a piece of the body. False when the connection is to be cut. */
static bool receive(struct live *live, struct bytes piece)
{
    struct http_exchange *exchange = &live->face;
    live->received += piece.len;
    if (live->err.status)
        return live->received < DISCARD_BYTES;
    if (exchange->max_body && live->received > exchange->max_body) {
        err_set(&live->err, ERR_TOO_LARGE, "body is over the limit of %zu bytes",
                exchange->max_body);
        buf_done(&exchange->body);
        live->received = 0;
        return true;
    }
    if (exchange->sink) {
        if (!exchange->sink(exchange, piece, &live->err))
            live->received = 0;
    } else if (!buf_add(&exchange->body, piece.data, piece.len)) {
        return false;
    }
    return true;
}

static void handle(struct live *live)
{
    if (live->err.status) {
        refuse_and_close(live, &live->err);
        return;
    }
    live->server->options.handle(&live->face, live->server->options.app);
}

/* Sends the answer, or lets the connection sleep until there is one. */
static enum MHD_Result go_on(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    enum MHD_Result result = MHD_YES;
    if (live->answered) {
        result = MHD_queue_response(live->connection, live->status, live->response);
    } else {
        live->suspended = true;
        MHD_suspend_connection(live->connection);
    }
    pthread_mutex_unlock(&live->lock);
    return result;
}

/* Called by MHD again and again while a request comes in, and once more after a sleep. */
enum MHD_Result http_on_request(void *context, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **request)
{
    (void)context, (void)connection, (void)url, (void)version;
    struct live *live = *request;
    if (!live->begun) {
        live->begun = true;
        begin(live, method);
        return live->answered ? go_on(live) : MHD_YES;
    }
    if (*upload_size) {
        bool good = receive(live, (struct bytes){upload, *upload_size});
        *upload_size = 0;
        return good ? MHD_YES : MHD_NO;
    }
    if (!live->handled) {
        live->handled = true;
        handle(live);
    }
    return go_on(live);
}
