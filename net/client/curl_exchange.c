/* SPDX-License-Identifier: Apache-2.0 */
/* A request and its response on a libcurl easy handle. */
#include "net/client/curl_exchange.h"

#include "base/str.h"

#include <string.h>

enum { MAX_HEAD = 256 << 10 }; /* bytes of header fields in a response */

static const char cut_off[] = "the connection closed before the response ended";

/* Whether this is the interim response that ends the exchange for the caller. */
static bool is_stop_status(const struct curl_exchange *exchange)
{
    long status = 0;
    exchange->loop->curl->easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    return exchange->transfer->call.stop_at_status &&
           status == exchange->transfer->call.stop_at_status;
}

/* One line of the response's head. A status line restarts it, since 1xx responses come first. */
static size_t on_head(char *line, size_t one, size_t len, void *context)
{
    (void)one;
    struct curl_exchange *exchange = context;
    exchange->head_size += len;
    if (exchange->head_size > MAX_HEAD) {
        err_set(&exchange->transfer->failure, ERR_UPSTREAM, "the response header is over %d bytes",
                MAX_HEAD);
        return 0;
    }
    if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
        headers_done(&exchange->transfer->response.headers);
        exchange->head_ended = false;
        return len;
    }
    const char *colon = memchr(line, ':', len);
    if (exchange->head_ended || !colon) { /* a trailer, the blank line, or not a field */
        exchange->head_ended |= *line == '\r' || *line == '\n';
        exchange->stopped_early = exchange->head_ended && is_stop_status(exchange);
        return exchange->stopped_early ? 0 : len; /* 0 ends the transfer */
    }

    const char *value = colon + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && strchr("\r\n \t", end[-1]))
        end--;
    OWN(free) char *name = str_copy_bytes((struct bytes){line, (size_t)(colon - line)});
    OWN(free) char *text = str_copy_bytes((struct bytes){value, (size_t)(end - value)});
    headers_add(&exchange->transfer->response.headers, name, text); /* ignores invalid fields */
    return len;
}

static size_t on_body(char *data, size_t one, size_t len, void *context)
{
    (void)one;
    struct curl_exchange *exchange = context;
    if (buf_add(&exchange->transfer->response.body, data, len))
        return len;
    exchange->too_large = true;
    return 0;
}

/* The options of every request. Set each time: libcurl 7.88 counts the connections that failed on a
 * handle and refuses a sixth, unless the handle is reset. */
static void configure(struct curl_exchange *exchange)
{
    const struct http_backend_settings *settings = exchange->settings;
    __typeof__(exchange->loop->curl->easy_setopt) set = exchange->loop->curl->easy_setopt;
    CURL *easy = exchange->easy;

    exchange->loop->curl->easy_reset(easy);
    set(easy, CURLOPT_PRIVATE, exchange);
    set(easy, CURLOPT_ERRORBUFFER, exchange->detail);
    set(easy, CURLOPT_HEADERFUNCTION, on_head);
    set(easy, CURLOPT_HEADERDATA, exchange);
    set(easy, CURLOPT_WRITEFUNCTION, on_body);
    set(easy, CURLOPT_WRITEDATA, exchange);
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_QUICK_EXIT, 1L); /* do not wait for a name server that does not answer */
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_PATH_AS_IS, 1L); /* an object may be called ".." */
    set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_USERAGENT, settings->user_agent);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, settings->connect_timeout_ms);
    set(easy, CURLOPT_MAXAGE_CONN, settings->max_idle_sec);
    curl_loop_attach(exchange->loop, exchange->loop->curl, easy);
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

/* libcurl's syntax: "Name: value" sends a field, "Name;" an empty one, "Name:" suppresses it. */
static struct curl_slist *set_lines(struct curl_exchange *exchange)
{
    static const char *const suppressed[] = {"Expect", "Content-Type"};
    static const struct headers none = {0};
    const struct headers *headers =
        exchange->transfer->call.headers ? exchange->transfer->call.headers : &none;

    size_t max = headers->count + ARRAY_SIZE(suppressed), size = sizeof("Expect:Content-Type:");
    for (size_t i = 0; i < headers->count; i++)
        size += strlen(headers->list[i].name) + strlen(headers->list[i].value) + sizeof(": ");
    exchange->lines = alloc_resize(exchange->lines, max * sizeof(*exchange->lines));
    memset(exchange->lines, 0, max * sizeof(*exchange->lines));
    exchange->text.len = 0;
    buf_reserve(&exchange->text, size + max); /* so that the strings do not move */

    size_t count = 0;
    for (size_t i = 0; i < headers->count; i++) {
        const struct header *header = &headers->list[i];
        bool empty = header->value[strspn(header->value, " \t")] == '\0';
        if (!transfer_is_framing(header->name))
            add_line(exchange, &count, header->name, empty ? ";" : ": ",
                     empty ? "" : header->value);
    }
    for (size_t i = 0; i < ARRAY_SIZE(suppressed); i++)
        if (!headers_get(headers, suppressed[i]))
            add_line(exchange, &count, suppressed[i], ":", "");
    return exchange->lines;
}

/* Gives libcurl the next piece of a body that must not be sent twice. */
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

/* When a kept connection ends without a response, libcurl sends the request again, for which it
 * must go back to the start of the body: refused, since the server may have read some of it. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
    (void)context, (void)offset, (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static void set_body(struct curl_exchange *exchange)
{
    __typeof__(exchange->loop->curl->easy_setopt) set = exchange->loop->curl->easy_setopt;
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
    __typeof__(exchange->loop->curl->easy_setopt) set = exchange->loop->curl->easy_setopt;
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
    __typeof__(exchange->loop->curl->easy_setopt) set = exchange->loop->curl->easy_setopt;
    CURL *easy = exchange->easy;

    /* plain HTTP connections are never shared, so do not wait for one */
    set(easy, CURLOPT_HTTP_VERSION,
        exchange->transfer->url.tls ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    set(easy, CURLOPT_PIPEWAIT, exchange->transfer->url.tls ? 1L : 0L);
    const char *ca_file = exchange->transfer->call.ca_file;
    if (ca_file || exchange->settings->ca_file)
        set(easy, CURLOPT_CAINFO, ca_file ? ca_file : exchange->settings->ca_file);
    if (ca_file)
        set(easy, CURLOPT_CAPATH, NULL);
    const char *ca_pem = exchange->transfer->call.ca_pem;
    if (ca_pem)
        set(easy, CURLOPT_CAINFO_BLOB,
            &(struct curl_blob){(void *)(uintptr_t)ca_pem, strlen(ca_pem), CURL_BLOB_COPY});
}

static void set_request(struct curl_exchange *exchange)
{
    __typeof__(exchange->loop->curl->easy_setopt) set = exchange->loop->curl->easy_setopt;
    const struct http_call *call = &exchange->transfer->call;
    CURL *easy = exchange->easy;

    set(easy, CURLOPT_URL, call->url);
    set(easy, CURLOPT_HTTPHEADER, set_lines(exchange));
    if (call->accept_encoding)
        set(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (call->no_proxy || url_is_loopback(exchange->transfer->url.host))
        set(easy, CURLOPT_PROXY, ""); /* else as the environment says */
    set(easy, CURLOPT_TIMEOUT_MS, transfer_timeout_ms(call));
    set_method(exchange);
    set_tls(exchange);
}

/* Whether the server's certificate was verified and refused. */
static bool is_distrusted(const struct curl_exchange *exchange)
{
    long verdict = 0;
    exchange->loop->curl->easy_getinfo(exchange->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
    return verdict != 0;
}

static int status_of(const struct curl_exchange *exchange, CURLcode result)
{
    switch (result) {
    case CURLE_URL_MALFORMAT:
        return ERR_INPUT;
    case CURLE_SSL_CACERT_BADFILE:
        return ERR_INTERNAL;
    case CURLE_UNSUPPORTED_PROTOCOL: /* the response is not HTTP/1 or 2 */
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
        exchange->detail[0] ? exchange->detail : exchange->loop->curl->easy_strerror(result);
    if (exchange->too_large)
        err_set(&exchange->transfer->failure, ERR_TOO_LARGE, "the response is over %zu bytes",
                exchange->transfer->response.body.max);
    else if (result == CURLE_SEND_FAIL_REWIND) /* see on_seek */
        err_set(&exchange->transfer->failure, ERR_UNAVAILABLE, "%s", cut_off);
    else if (exchange->transfer->failure.status == 0)
        err_set(&exchange->transfer->failure, status_of(exchange, result), "%s", detail);
    if (result == CURLE_COULDNT_CONNECT)
        exchange->transfer->failure.reason = http_client_refused;
}

struct curl_exchange *curl_exchange_new(struct curl_loop *loop,
                                        const struct http_backend_settings *settings)
{
    struct curl_exchange *exchange = alloc_zeroed(sizeof(*exchange));
    exchange->loop = loop;
    exchange->settings = settings;
    exchange->easy = loop->curl->easy_init();
    if (!exchange->easy)
        abort(); /* out of memory */
    return exchange;
}

void curl_exchange_free(struct curl_exchange *exchange)
{
    exchange->loop->curl->easy_cleanup(exchange->easy);
    buf_done(&exchange->text);
    free(exchange->lines);
    free(exchange);
}

void curl_exchange_begin(struct curl_exchange *exchange, struct transfer *transfer)
{
    exchange->transfer = transfer;
    exchange->sent = exchange->head_size = 0;
    exchange->head_ended = exchange->too_large = exchange->stopped_early = false;
    exchange->detail[0] = '\0';
    configure(exchange);
    set_request(exchange);
}

long curl_exchange_take_status(struct curl_exchange *exchange)
{
    struct transfer *transfer = exchange->transfer;
    long status = 0;
    exchange->loop->curl->easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    transfer->head_read = exchange->head_ended && status >= 200;
    if (transfer->head_read || exchange->stopped_early)
        transfer->response.status = (int)status;
    return status;
}

void curl_exchange_take_result(struct curl_exchange *exchange, CURLcode result)
{
    struct err *failure = &exchange->transfer->failure;
    long status = curl_exchange_take_status(exchange);
    if (exchange->stopped_early)
        return;
    if (result != CURLE_OK)
        explain(exchange, result);
    else if (!exchange->head_ended || status < 200)
        err_set(failure, ERR_UNAVAILABLE, "%s", cut_off);
}
