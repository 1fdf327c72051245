/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its answer on one libcurl easy handle. */
#include "net/client/transfer.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_TIMEOUT_MS = 60 * 1000,
    DEFAULT_MAX_REPLY = 16 << 20,
    MAX_HEAD = 256 << 10, /* bytes of header fields in an answer */
};

/* Whether the answer so far is an interim one that the caller is content with. */
static bool is_enough(const struct transfer *transfer)
{
    long status = 0;
    transfer->curl->easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return transfer->call.stop_at_status && status == transfer->call.stop_at_status;
}

/* One line of the answer's head. A status line starts it anew, since a 1xx answer may go before. */
static size_t on_head(char *line, size_t one, size_t len, void *context)
{
    (void)one;
    struct transfer *transfer = context;
    transfer->head_size += len;
    if (transfer->head_size > MAX_HEAD) {
        err_set(&transfer->failure, ERR_UPSTREAM, "the answer's header is over %d bytes", MAX_HEAD);
        return 0;
    }
    if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
        headers_done(&transfer->answer.headers);
        transfer->head_ended = false;
        return len;
    }
    const char *colon = memchr(line, ':', len);
    if (transfer->head_ended || !colon) { /* a trailer; the blank line, or rubbish */
        transfer->head_ended |= *line == '\r' || *line == '\n';
        transfer->stopped_early = transfer->head_ended && is_enough(transfer);
        return transfer->stopped_early ? 0 : len; /* 0 ends the transfer */
    }

    const char *value = colon + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && strchr("\r\n \t", end[-1]))
        end--;
    OWN(free) char *name = str_copy_bytes((struct bytes){line, (size_t)(colon - line)});
    OWN(free) char *text = str_copy_bytes((struct bytes){value, (size_t)(end - value)});
    headers_add(&transfer->answer.headers, name, text); /* what is no field is passed over */
    return len;
}

static size_t on_body(char *data, size_t one, size_t len, void *context)
{
    (void)one;
    struct transfer *transfer = context;
    if (buf_add(&transfer->answer.body, data, len))
        return len;
    transfer->too_large = true;
    return 0;
}

/* What holds for every request. Set anew each time: libcurl 7.88 counts the connections that died
 * on a handle, and refuses to go on after five, unless the handle is reset. */
static void configure(struct transfer *transfer)
{
    const struct transfer_settings *settings = transfer->settings;
    __typeof__(transfer->curl->easy_setopt) set = transfer->curl->easy_setopt;
    CURL *easy = transfer->easy;

    transfer->curl->easy_reset(easy);
    set(easy, CURLOPT_PRIVATE, transfer);
    set(easy, CURLOPT_ERRORBUFFER, transfer->detail);
    set(easy, CURLOPT_HEADERFUNCTION, on_head);
    set(easy, CURLOPT_HEADERDATA, transfer);
    set(easy, CURLOPT_WRITEFUNCTION, on_body);
    set(easy, CURLOPT_WRITEDATA, transfer);
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_QUICK_EXIT, 1L); /* do not wait for a name server that is silent */
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_PATH_AS_IS, 1L); /* an object may be called ".." */
    set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_USERAGENT, settings->user_agent);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, settings->connect_timeout_ms);
    set(easy, CURLOPT_MAXAGE_CONN, settings->max_idle_sec);
    curl_loop_attach(settings->loop, transfer->curl, easy);
}

struct transfer *transfer_new(const struct transfer_settings *settings)
{
    struct transfer *transfer = alloc_zeroed(sizeof(*transfer));
    transfer->settings = settings;
    return transfer;
}

void transfer_free(struct transfer *transfer)
{
    if (transfer->easy)
        transfer->curl->easy_cleanup(transfer->easy);
    http_client_response_done(&transfer->answer);
    url_done(&transfer->url);
    buf_done(&transfer->text);
    free(transfer->lines);
    free(transfer);
}

static bool is_loopback(const char *host)
{
    struct in_addr address;
    return str_equal(host, "localhost") || str_ends(host, ".localhost") || str_equal(host, "::1") ||
           (str_starts(host, "127.") && inet_pton(AF_INET, host, &address) == 1);
}

bool transfer_is_framing(const char *name)
{
    return str_equal_any_case(name, "Content-Length") ||
           str_equal_any_case(name, "Transfer-Encoding");
}

static void add_line(struct transfer *transfer, size_t *count, const char *name, const char *mark,
                     const char *value)
{
    struct curl_slist *line = &transfer->lines[*count];
    line->data = transfer->text.data + transfer->text.len;
    buf_add_text(&transfer->text, name);
    buf_add_text(&transfer->text, mark);
    buf_add(&transfer->text, value, strlen(value) + 1);
    if (*count)
        line[-1].next = line;
    ++*count;
}

/* libcurl's spelling: "Name: value" sends a field, "Name;" an empty one, "Name:" none at all. */
static struct curl_slist *set_lines(struct transfer *transfer)
{
    static const char *const unasked[] = {"Expect", "Content-Type"};
    static const struct headers none = {0};
    const struct headers *headers = transfer->call.headers ? transfer->call.headers : &none;

    size_t most = headers->count + ARRAY_SIZE(unasked), size = sizeof("Expect:Content-Type:");
    for (size_t i = 0; i < headers->count; i++)
        size += strlen(headers->list[i].name) + strlen(headers->list[i].value) + sizeof(": ");
    transfer->lines = alloc_resize(transfer->lines, most * sizeof(*transfer->lines));
    memset(transfer->lines, 0, most * sizeof(*transfer->lines));
    transfer->text.len = 0;
    buf_reserve(&transfer->text, size + most); /* so that texts stay where they are */

    size_t count = 0;
    for (size_t i = 0; i < headers->count; i++) {
        const struct header *header = &headers->list[i];
        bool empty = header->value[strspn(header->value, " \t")] == '\0';
        if (!transfer_is_framing(header->name))
            add_line(transfer, &count, header->name, empty ? ";" : ": ",
                     empty ? "" : header->value);
    }
    for (size_t i = 0; i < ARRAY_SIZE(unasked); i++)
        if (!headers_get(headers, unasked[i]))
            add_line(transfer, &count, unasked[i], ":", "");
    return transfer->lines;
}

bool transfer_has_body(const struct http_call *call)
{
    const char *method = call->method;
    return call->body.len || str_equal(method, "POST") || str_equal(method, "PUT") ||
           str_equal(method, "PATCH");
}

long transfer_timeout_ms(const struct http_call *call)
{
    return call->timeout_ms < 0 ? 0 : call->timeout_ms ? call->timeout_ms : DEFAULT_TIMEOUT_MS;
}

static void set_method(struct transfer *transfer)
{
    __typeof__(transfer->curl->easy_setopt) set = transfer->curl->easy_setopt;
    const struct http_call *call = &transfer->call;
    CURL *easy = transfer->easy;

    if (transfer_has_body(call)) {
        set(easy, CURLOPT_POST, 1L);
        set(easy, CURLOPT_POSTFIELDS, call->body.len ? call->body.data : "");
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        if (call->method && !str_equal(call->method, "POST"))
            set(easy, CURLOPT_CUSTOMREQUEST, call->method);
    } else if (str_equal(call->method, "HEAD")) {
        set(easy, CURLOPT_NOBODY, 1L);
    } else if (call->method && !str_equal(call->method, "GET")) {
        set(easy, CURLOPT_CUSTOMREQUEST, call->method);
    }
}

static void set_tls(struct transfer *transfer)
{
    __typeof__(transfer->curl->easy_setopt) set = transfer->curl->easy_setopt;
    CURL *easy = transfer->easy;

    /* waiting whether a connection can be shared makes no sense where it never can */
    set(easy, CURLOPT_HTTP_VERSION,
        transfer->url.tls ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    set(easy, CURLOPT_PIPEWAIT, transfer->url.tls ? 1L : 0L);
    const char *ca_file = transfer->call.ca_file;
    if (ca_file || transfer->settings->ca_file)
        set(easy, CURLOPT_CAINFO, ca_file ? ca_file : transfer->settings->ca_file);
    if (ca_file)
        set(easy, CURLOPT_CAPATH, NULL);
    const char *ca_pem = transfer->call.ca_pem;
    if (ca_pem)
        set(easy, CURLOPT_CAINFO_BLOB,
            &(struct curl_blob){(void *)(uintptr_t)ca_pem, strlen(ca_pem), CURL_BLOB_COPY});
}

static void set_request(struct transfer *transfer)
{
    __typeof__(transfer->curl->easy_setopt) set = transfer->curl->easy_setopt;
    const struct http_call *call = &transfer->call;
    CURL *easy = transfer->easy;

    set(easy, CURLOPT_URL, call->url);
    set(easy, CURLOPT_HTTPHEADER, set_lines(transfer));
    if (call->accept_encoding)
        set(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (call->no_proxy || is_loopback(transfer->url.host))
        set(easy, CURLOPT_PROXY, ""); /* else the environment is asked */
    set(easy, CURLOPT_TIMEOUT_MS, transfer_timeout_ms(call));
    set_method(transfer);
    set_tls(transfer);
}

bool transfer_begin(struct transfer *transfer, const struct http_call *call,
                    http_client_callback *ended, void *context)
{
    transfer->call = *call;
    transfer->ended = ended;
    transfer->context = context;
    transfer->answer.body.max = call->max_reply ? call->max_reply : DEFAULT_MAX_REPLY;
    transfer->head_size = 0;
    transfer->head_ended = false;
    transfer->too_large = false;
    transfer->stopped_early = false;
    transfer->detail[0] = '\0';
    if (!call->url || !url_parse(call->url, &transfer->url))
        return err_set(&transfer->failure, ERR_INPUT, "%s is not a URL that can be called",
                       call->url ? call->url : "nothing");
    return true;
}

bool transfer_configure(struct transfer *transfer)
{
    transfer->curl = libcurl_load(&transfer->failure);
    if (!transfer->curl)
        return false;
    if (!transfer->easy && !(transfer->easy = transfer->curl->easy_init()))
        abort(); /* out of memory */
    configure(transfer);
    set_request(transfer);
    return true;
}

/* Whether the server's certificate was looked at and refused. */
static bool is_distrusted(const struct transfer *transfer)
{
    long verdict = 0;
    transfer->curl->easy_getinfo(transfer->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
    return verdict != 0;
}

static int status_of(const struct transfer *transfer, CURLcode result)
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
        return is_distrusted(transfer) ? ERR_UPSTREAM : ERR_UNAVAILABLE;
    default:
        return ERR_UNAVAILABLE;
    }
}

void transfer_name_server(struct transfer *transfer)
{
    const struct url *url = &transfer->url;
    bool bracket = strchr(url->host, ':') != NULL;
    err_wrap(&transfer->failure, "%s://%s%s%s:%d", url->tls ? "https" : "http", bracket ? "[" : "",
             url->host, bracket ? "]" : "", url->port);
}

static void explain(struct transfer *transfer, CURLcode result)
{
    const char *detail =
        transfer->detail[0] ? transfer->detail : transfer->curl->easy_strerror(result);
    if (transfer->too_large)
        err_set(&transfer->failure, ERR_TOO_LARGE, "the answer is over %zu bytes",
                transfer->answer.body.max);
    else if (transfer->failure.status == 0)
        err_set(&transfer->failure, status_of(transfer, result), "%s", detail);
    if (result == CURLE_COULDNT_CONNECT)
        transfer->failure.reason = http_client_refused;
    transfer_name_server(transfer);
}

void transfer_end(struct transfer *transfer, CURLcode result)
{
    long status = 0;
    transfer->curl->easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->stopped_early) {
        transfer->answer.status = transfer->call.stop_at_status;
    } else if (result != CURLE_OK) {
        explain(transfer, result);
    } else if (!transfer->head_ended || status < 200) {
        err_set(&transfer->failure, ERR_UNAVAILABLE, "the answer broke off");
        transfer_name_server(transfer);
    } else {
        transfer->answer.status = (int)status;
        transfer->answer.body.max = 0;
    }
    transfer_accept_incomplete(transfer, transfer->head_ended ? (int)status : 0);
}

void transfer_accept_incomplete(struct transfer *transfer, int status)
{
    if (!transfer->failure.status || !transfer->call.accept_incomplete || status < 200)
        return;
    buf_done(&transfer->answer.body);
    transfer->answer.status = status;
    transfer->answer.incomplete = true;
    transfer->failure = (struct err){0};
}

void transfer_cancel(struct transfer *transfer, const char *reason)
{
    if (transfer->failure.status == 0)
        err_set(&transfer->failure, ERR_UNAVAILABLE, "%s", reason);
}

void transfer_report(struct transfer *transfer)
{
    bool failed = transfer->failure.status != 0;
    transfer->ended(failed ? NULL : &transfer->answer, &transfer->failure, transfer->context);
    http_client_response_done(&transfer->answer);
    url_done(&transfer->url);
    transfer->failure = (struct err){0};
}
