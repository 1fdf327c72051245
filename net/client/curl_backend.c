/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP exchanges by libcurl: one easy handle each, all in one multi handle. */
#include "net/client/curl_loop.h"
#include "net/client/http_backend.h"

#include "base/str.h"

#include <string.h>
#include <sys/epoll.h>
#include <utlist.h>

enum {
    MAX_HEAD = 256 << 10, /* bytes of header fields in an answer */
    MAX_IDLE_HANDLES = 256,
    MAX_KEPT_CONNECTIONS = 4096,
};

static const char cut_off[] = "the connection closed before the answer ended";

struct curl_backend {
    struct http_backend base; /* first: a base is cast to its back end */
    struct http_watch watch;  /* of the loop's epoll set */
    struct http_backend_settings *settings;
    const struct libcurl *curl; /* NULL until the first exchange, as is all of loop */
    struct curl_loop loop;
    struct curl_exchange *running;
    struct curl_exchange *idle; /* for the next ones: creating a handle costs more than a request */
    unsigned idle_count;
};

/* An easy handle, with a request that was started and has not ended. */
struct curl_exchange {
    struct curl_exchange *prev, *next;
    struct curl_backend *backend;
    CURL *easy;
    struct curl_slist *lines; /* the request's fields: an array linked up, texts in `text` */
    struct buf text;

    struct transfer *transfer;
    size_t sent;        /* of the body, to a server that must not get it twice */
    size_t head_size;   /* bytes of header fields so far */
    bool head_ended;    /* with its blank line */
    bool stopped_early; /* by us, after an interim answer that is enough */
    bool too_large;
    char detail[CURL_ERROR_SIZE];
};

/* Whether the answer so far is an interim one that the caller is content with. */
static bool is_enough(const struct curl_exchange *exchange)
{
    long status = 0;
    exchange->backend->curl->easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    return exchange->transfer->call.stop_at_status &&
           status == exchange->transfer->call.stop_at_status;
}

/* One line of the answer's head. A status line starts it anew, since a 1xx answer may go before. */
static size_t on_head(char *line, size_t one, size_t len, void *context)
{
    (void)one;
    struct curl_exchange *exchange = context;
    exchange->head_size += len;
    if (exchange->head_size > MAX_HEAD) {
        err_set(&exchange->transfer->failure, ERR_UPSTREAM, "the answer's header is over %d bytes",
                MAX_HEAD);
        return 0;
    }
    if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
        headers_done(&exchange->transfer->answer.headers);
        exchange->head_ended = false;
        return len;
    }
    const char *colon = memchr(line, ':', len);
    if (exchange->head_ended || !colon) { /* a trailer; the blank line, or rubbish */
        exchange->head_ended |= *line == '\r' || *line == '\n';
        exchange->stopped_early = exchange->head_ended && is_enough(exchange);
        return exchange->stopped_early ? 0 : len; /* 0 ends the transfer */
    }

    const char *value = colon + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && strchr("\r\n \t", end[-1]))
        end--;
    OWN(free) char *name = str_copy_bytes((struct bytes){line, (size_t)(colon - line)});
    OWN(free) char *text = str_copy_bytes((struct bytes){value, (size_t)(end - value)});
    headers_add(&exchange->transfer->answer.headers, name,
                text); /* what is no field is passed over */
    return len;
}

static size_t on_body(char *data, size_t one, size_t len, void *context)
{
    (void)one;
    struct curl_exchange *exchange = context;
    if (buf_add(&exchange->transfer->answer.body, data, len))
        return len;
    exchange->too_large = true;
    return 0;
}

/* What holds for every request. Set anew each time: libcurl 7.88 counts the connections that died
 * on a handle, and refuses to go on after five, unless the handle is reset. */
static void configure(struct curl_exchange *exchange)
{
    const struct http_backend_settings *settings = exchange->backend->settings;
    __typeof__(exchange->backend->curl->easy_setopt) set = exchange->backend->curl->easy_setopt;
    CURL *easy = exchange->easy;

    exchange->backend->curl->easy_reset(easy);
    set(easy, CURLOPT_PRIVATE, exchange);
    set(easy, CURLOPT_ERRORBUFFER, exchange->detail);
    set(easy, CURLOPT_HEADERFUNCTION, on_head);
    set(easy, CURLOPT_HEADERDATA, exchange);
    set(easy, CURLOPT_WRITEFUNCTION, on_body);
    set(easy, CURLOPT_WRITEDATA, exchange);
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_QUICK_EXIT, 1L); /* do not wait for a name server that is silent */
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_PATH_AS_IS, 1L); /* an object may be called ".." */
    set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_USERAGENT, settings->user_agent);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, settings->connect_timeout_ms);
    set(easy, CURLOPT_MAXAGE_CONN, settings->max_idle_sec);
    curl_loop_attach(&exchange->backend->loop, exchange->backend->curl, easy);
}

static void add_line(struct curl_exchange *exchange, size_t *count, const char *name,
                     const char *mark, const char *value)
{
    struct curl_slist *line = &exchange->lines[*count];
    line->data = exchange->text.data + exchange->text.len;
    buf_add_text(&exchange->text, name);
    buf_add_text(&exchange->text, mark);
    buf_add(&exchange->text, value, strlen(value) + 1);
    if (*count)
        line[-1].next = line;
    ++*count;
}

/* libcurl's spelling: "Name: value" sends a field, "Name;" an empty one, "Name:" none at all. */
static struct curl_slist *set_lines(struct curl_exchange *exchange)
{
    static const char *const unasked[] = {"Expect", "Content-Type"};
    static const struct headers none = {0};
    const struct headers *headers =
        exchange->transfer->call.headers ? exchange->transfer->call.headers : &none;

    size_t most = headers->count + ARRAY_SIZE(unasked), size = sizeof("Expect:Content-Type:");
    for (size_t i = 0; i < headers->count; i++)
        size += strlen(headers->list[i].name) + strlen(headers->list[i].value) + sizeof(": ");
    exchange->lines = alloc_resize(exchange->lines, most * sizeof(*exchange->lines));
    memset(exchange->lines, 0, most * sizeof(*exchange->lines));
    exchange->text.len = 0;
    buf_reserve(&exchange->text, size + most); /* so that texts stay where they are */

    size_t count = 0;
    for (size_t i = 0; i < headers->count; i++) {
        const struct header *header = &headers->list[i];
        bool empty = header->value[strspn(header->value, " \t")] == '\0';
        if (!transfer_is_framing(header->name))
            add_line(exchange, &count, header->name, empty ? ";" : ": ",
                     empty ? "" : header->value);
    }
    for (size_t i = 0; i < ARRAY_SIZE(unasked); i++)
        if (!headers_get(headers, unasked[i]))
            add_line(exchange, &count, unasked[i], ":", "");
    return exchange->lines;
}

/* Gives libcurl the next piece of a body that may be sent only once. */
static size_t on_send(char *to, size_t one, size_t room, void *context)
{
    (void)one;
    struct curl_exchange *exchange = context;
    struct bytes body = exchange->transfer->call.body;
    size_t len = body.len - exchange->sent < room ? body.len - exchange->sent : room;
    if (len)
        memcpy(to, body.data + exchange->sent, len);
    exchange->sent += len;
    return len;
}

/* When a kept connection ends without an answer, libcurl sends the request again, for which it has
 * to go back to the start of the body: refused once the server may have read some of it. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
    (void)context, (void)offset, (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static void set_body(struct curl_exchange *exchange)
{
    __typeof__(exchange->backend->curl->easy_setopt) set = exchange->backend->curl->easy_setopt;
    const struct http_call *call = &exchange->transfer->call;
    CURL *easy = exchange->easy;

    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
    if (transfer_is_idempotent(call)) {
        set(easy, CURLOPT_POSTFIELDS, call->body.len ? call->body.data : "");
        return;
    }
    set(easy, CURLOPT_READFUNCTION, on_send);
    set(easy, CURLOPT_READDATA, exchange);
    set(easy, CURLOPT_SEEKFUNCTION, on_seek);
}

static void set_method(struct curl_exchange *exchange)
{
    __typeof__(exchange->backend->curl->easy_setopt) set = exchange->backend->curl->easy_setopt;
    const struct http_call *call = &exchange->transfer->call;
    CURL *easy = exchange->easy;

    if (transfer_has_body(call)) {
        set_body(exchange);
        if (call->method && !str_equal(call->method, "POST"))
            set(easy, CURLOPT_CUSTOMREQUEST, call->method);
    } else if (str_equal(call->method, "HEAD")) {
        set(easy, CURLOPT_NOBODY, 1L);
    } else if (call->method && !str_equal(call->method, "GET")) {
        set(easy, CURLOPT_CUSTOMREQUEST, call->method);
    }
}

static void set_tls(struct curl_exchange *exchange)
{
    __typeof__(exchange->backend->curl->easy_setopt) set = exchange->backend->curl->easy_setopt;
    CURL *easy = exchange->easy;

    /* waiting whether a connection can be shared makes no sense where it never can */
    set(easy, CURLOPT_HTTP_VERSION,
        exchange->transfer->url.tls ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    set(easy, CURLOPT_PIPEWAIT, exchange->transfer->url.tls ? 1L : 0L);
    const char *ca_file = exchange->transfer->call.ca_file;
    if (ca_file || exchange->backend->settings->ca_file)
        set(easy, CURLOPT_CAINFO, ca_file ? ca_file : exchange->backend->settings->ca_file);
    if (ca_file)
        set(easy, CURLOPT_CAPATH, NULL);
    const char *ca_pem = exchange->transfer->call.ca_pem;
    if (ca_pem)
        set(easy, CURLOPT_CAINFO_BLOB,
            &(struct curl_blob){(void *)(uintptr_t)ca_pem, strlen(ca_pem), CURL_BLOB_COPY});
}

static void set_request(struct curl_exchange *exchange)
{
    __typeof__(exchange->backend->curl->easy_setopt) set = exchange->backend->curl->easy_setopt;
    const struct http_call *call = &exchange->transfer->call;
    CURL *easy = exchange->easy;

    set(easy, CURLOPT_URL, call->url);
    set(easy, CURLOPT_HTTPHEADER, set_lines(exchange));
    if (call->accept_encoding)
        set(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (call->no_proxy || url_is_loopback(exchange->transfer->url.host))
        set(easy, CURLOPT_PROXY, ""); /* else the environment is asked */
    set(easy, CURLOPT_TIMEOUT_MS, transfer_timeout_ms(call));
    set_method(exchange);
    set_tls(exchange);
}

/* Whether the server's certificate was looked at and refused. */
static bool is_distrusted(const struct curl_exchange *exchange)
{
    long verdict = 0;
    exchange->backend->curl->easy_getinfo(exchange->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
    return verdict != 0;
}

static int status_of(const struct curl_exchange *exchange, CURLcode result)
{
    switch (result) {
    case CURLE_URL_MALFORMAT:
        return ERR_INPUT;
    case CURLE_SSL_CACERT_BADFILE:
        return ERR_INTERNAL;
    case CURLE_UNSUPPORTED_PROTOCOL: /* what came back was no HTTP/1 or 2 */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        return ERR_UPSTREAM;
    case CURLE_SSL_CONNECT_ERROR:
        return is_distrusted(exchange) ? ERR_UPSTREAM : ERR_UNAVAILABLE;
    default:
        return ERR_UNAVAILABLE;
    }
}

static void explain(struct curl_exchange *exchange, CURLcode result)
{
    const char *detail =
        exchange->detail[0] ? exchange->detail : exchange->backend->curl->easy_strerror(result);
    if (exchange->too_large)
        err_set(&exchange->transfer->failure, ERR_TOO_LARGE, "the answer is over %zu bytes",
                exchange->transfer->answer.body.max);
    else if (result == CURLE_SEND_FAIL_REWIND) /* see on_seek */
        err_set(&exchange->transfer->failure, ERR_UNAVAILABLE, "%s", cut_off);
    else if (exchange->transfer->failure.status == 0)
        err_set(&exchange->transfer->failure, status_of(exchange, result), "%s", detail);
    if (result == CURLE_COULDNT_CONNECT)
        exchange->transfer->failure.reason = http_client_refused;
}

/* Takes the status, once it is final. Returns what libcurl knows of it; 0 = nothing. */
static long take_status(struct curl_exchange *exchange)
{
    struct transfer *transfer = exchange->transfer;
    long status = 0;
    exchange->backend->curl->easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    transfer->head_read = exchange->head_ended && status >= 200;
    if (transfer->head_read || exchange->stopped_early)
        transfer->answer.status = (int)status;
    return status;
}

/* Fills in the answer, or the failure, of an exchange that libcurl has ended. */
static void take_result(struct curl_exchange *exchange, CURLcode result)
{
    struct err *failure = &exchange->transfer->failure;
    long status = take_status(exchange);
    if (exchange->stopped_early)
        return;
    if (result != CURLE_OK)
        explain(exchange, result);
    else if (!exchange->head_ended || status < 200)
        err_set(failure, ERR_UNAVAILABLE, "%s", cut_off);
}

static void free_exchange(struct curl_exchange *exchange)
{
    exchange->backend->curl->easy_cleanup(exchange->easy);
    buf_done(&exchange->text);
    free(exchange->lines);
    free(exchange);
}

/* Detaches an exchange, and keeps its handle for the next one. Its transfer is still to be ended.
 */
static struct transfer *detach(struct curl_exchange *exchange)
{
    struct curl_backend *backend = exchange->backend;
    struct transfer *transfer = exchange->transfer;
    backend->curl->multi_remove_handle(backend->loop.multi, exchange->easy);
    DL_DELETE(backend->running, exchange);
    exchange->transfer = NULL;
    if (backend->idle_count < MAX_IDLE_HANDLES) {
        LL_PREPEND(backend->idle, exchange);
        backend->idle_count++;
    } else {
        free_exchange(exchange);
    }
    return transfer;
}

/* An exchange with an easy handle that is ready for its transfer. */
static struct curl_exchange *attach(struct curl_backend *backend, struct transfer *transfer)
{
    struct curl_exchange *exchange = backend->idle;
    if (exchange) {
        LL_DELETE(backend->idle, exchange);
        backend->idle_count--;
    } else {
        exchange = alloc_zeroed(sizeof(*exchange));
        exchange->backend = backend;
        exchange->easy = backend->curl->easy_init();
        if (!exchange->easy)
            abort(); /* out of memory */
    }
    exchange->transfer = transfer;
    exchange->sent = exchange->head_size = 0;
    exchange->head_ended = exchange->too_large = exchange->stopped_early = false;
    exchange->detail[0] = '\0';
    configure(exchange);
    set_request(exchange);
    DL_APPEND(backend->running, exchange);
    return exchange;
}

/* Loads and opens what exchanges by libcurl need, when the first one starts. */
static bool open_loop(struct curl_backend *backend, struct err *err)
{
    if (backend->curl)
        return true;
    const struct libcurl *curl = libcurl_load(err);
    if (!curl || !curl_loop_init(&backend->loop, curl, err))
        return false;
    backend->curl = curl;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &backend->watch};
    epoll_ctl(backend->settings->epoll, EPOLL_CTL_ADD, backend->loop.epoll, &event);
    curl->multi_setopt(backend->loop.multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl->multi_setopt(backend->loop.multi, CURLMOPT_MAXCONNECTS, (long)MAX_KEPT_CONNECTIONS);
    return true;
}

static void start(struct http_backend *base, struct transfer *transfer)
{
    struct curl_backend *backend = (struct curl_backend *)base;
    if (!open_loop(backend, &transfer->failure)) {
        transfer_end(transfer);
        return;
    }
    struct curl_exchange *exchange = attach(backend, transfer);
    if (backend->curl->multi_add_handle(backend->loop.multi, exchange->easy) != CURLM_OK) {
        err_set(&transfer->failure, ERR_UNAVAILABLE, "libcurl refuses the request");
        transfer_end(detach(exchange));
    }
}

/* The sockets' events are found by run. */
static void on_ready(struct http_watch *watch, uint32_t events)
{
    (void)watch, (void)events;
}

static void run(struct http_backend *base)
{
    struct curl_backend *backend = (struct curl_backend *)base;
    const struct libcurl *curl = backend->curl;
    if (!curl)
        return;
    curl_loop_run(&backend->loop);
    int left;
    for (CURLMsg *message; (message = curl->multi_info_read(backend->loop.multi, &left));) {
        struct curl_exchange *exchange;
        long opened = 0;
        CURLcode result = message->data.result;
        curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        curl->easy_getinfo(message->easy_handle, CURLINFO_NUM_CONNECTS, &opened);
        atomic_fetch_add(&backend->settings->connections, (uint_fast64_t)opened);
        take_result(exchange, result);
        transfer_end(detach(exchange));
    }
}

static int64_t deadline_ns(const struct http_backend *base)
{
    const struct curl_backend *backend = (const struct curl_backend *)base;
    return backend->curl ? backend->loop.deadline_ns : INT64_MAX;
}

static void close_backend(struct http_backend *base)
{
    struct curl_backend *backend = (struct curl_backend *)base;
    while (backend->running) {
        struct curl_exchange *exchange = backend->running;
        take_status(exchange);
        transfer_fail_closed(detach(exchange));
    }
    struct curl_exchange *exchange, *next;
    LL_FOREACH_SAFE(backend->idle, exchange, next)
    {
        free_exchange(exchange);
    }
    curl_loop_done(&backend->loop);
    free(backend);
}

struct http_backend *curl_backend_open(struct http_backend_settings *settings)
{
    struct curl_backend *backend = alloc_zeroed(sizeof(*backend));
    *backend = (struct curl_backend){.base = {start, run, deadline_ns, close_backend},
                                     .watch = {on_ready},
                                     .settings = settings};
    return &backend->base;
}
