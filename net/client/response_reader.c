/* SPDX-License-Identifier: Apache-2.0 */
/* Parses an HTTP/1.1 response as its bytes arrive (RFC 9112). */
#include "net/client/response_reader.h"

#include "base/str.h"

#include <string.h>

enum {
    MAX_HEAD = 256 << 10, /* bytes */
    MAX_LINE = 8 << 10,   /* of a chunk's size or a trailer */
};

static bool fail(struct err *err, const char *what)
{
    return err_set(err, ERR_UPSTREAM, "answered with %s", what);
}

static void skip(struct bytes *input, size_t len)
{
    input->data += len;
    input->len -= len;
}

static struct bytes trim(struct bytes text)
{
    while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
        text.len--;
    while (text.len && (*text.data == ' ' || *text.data == '\t'))
        skip(&text, 1);
    return text;
}

/* The length of a head with its blank line, 0 while that is missing. Lines may end in a bare LF. */
static size_t head_length(struct bytes text)
{
    const char *line = text.data, *end = text.data + text.len;
    while (line < end && (line = memchr(line, '\n', (size_t)(end - line)))) {
        line++;
        const char *next = line < end && *line == '\r' ? line + 1 : line;
        if (next < end && *next == '\n')
            return (size_t)(next + 1 - text.data);
    }
    return 0;
}

/* Removes the first line from a head. */
static struct bytes next_line(struct bytes *head)
{
    const char *end = memchr(head->data, '\n', head->len);
    struct bytes line = {head->data, (size_t)(end + 1 - head->data)};
    skip(head, line.len);
    return trim(line);
}

/* Reads "HTTP/1.1 200 OK". */
static bool read_status(struct response_reader *reader, struct bytes line, int *status,
                        struct err *err)
{
    bool valid = line.len >= 12 && memcmp(line.data, "HTTP/1.", 7) == 0 && line.data[8] == ' ' &&
                 (line.len == 12 || line.data[12] == ' ');
    *status = 0;
    for (int i = 9; valid && i < 12; i++) {
        valid = line.data[i] >= '0' && line.data[i] <= '9';
        *status = *status * 10 + (line.data[i] - '0');
    }
    if (!valid)
        return fail(err, "something that is not HTTP");
    reader->keep = line.data[7] != '0';
    return (*status >= 100 && *status <= 999 && *status != 101) ||
           err_set(err, ERR_UPSTREAM, "answered with status %d", *status);
}

/* How the fields say that the body is delimited. */
struct framing {
    bool chunked, has_length;
    int64_t length;
};

static bool read_length(const char *value, struct framing *framing, struct err *err)
{
    int64_t length;
    if (!str_int(value, 0, INT64_MAX, &length) ||
        (framing->has_length && length != framing->length))
        return fail(err, "a bad Content-Length");
    framing->has_length = true;
    framing->length = length;
    return true;
}

static bool read_framing(struct response_reader *reader, const char *name, const char *value,
                         struct framing *framing, struct err *err)
{
    if (str_equal_any_case(name, "Content-Length"))
        return read_length(value, framing, err);
    if (str_equal_any_case(name, "Transfer-Encoding")) {
        framing->chunked = str_equal_any_case(value, "chunked");
        return framing->chunked || fail(err, "an unknown Transfer-Encoding");
    }
    if (str_equal_any_case(name, "Connection") && strcasestr(value, "close"))
        reader->keep = false;
    return true;
}

static bool read_fields(struct response_reader *reader, struct bytes head,
                        struct http_response *response, struct framing *framing, struct err *err)
{
    while (head.len) {
        struct bytes line = next_line(&head);
        const char *colon = line.len ? memchr(line.data, ':', line.len) : NULL;
        if (!colon)
            continue; /* the blank line at the end, or not a field: ignored */
        struct bytes after = {colon + 1, (size_t)(line.data + line.len - colon - 1)};
        OWN(free) char *name =
            str_copy_bytes((struct bytes){line.data, (size_t)(colon - line.data)});
        OWN(free) char *value = str_copy_bytes(trim(after));
        if (headers_add(&response->headers, name, value) &&
            !read_framing(reader, name, value, framing, err))
            return false;
    }
    return true;
}

/* What comes after the head (RFC 9112 section 6.3). */
static bool begin_body(struct response_reader *reader, const struct framing *framing,
                       struct http_response *response, struct err *err)
{
    if (reader->is_head || response->status == 204 || response->status == 304) {
        reader->state = RESPONSE_DONE;
    } else if (framing->chunked) {
        reader->state = RESPONSE_CHUNK_SIZE;
        reader->keep = reader->keep && !framing->has_length;
    } else if (framing->has_length) {
        reader->left = (uint64_t)framing->length;
        reader->state = reader->left ? RESPONSE_LENGTH : RESPONSE_DONE;
        if (reader->left > response->body.max)
            return err_set(err, ERR_TOO_LARGE, "the response is over %zu bytes",
                           response->body.max);
    } else {
        reader->state = RESPONSE_UNTIL_CLOSE;
        reader->keep = false;
    }
    return true;
}

static bool take_head(struct response_reader *reader, struct bytes head,
                      struct http_response *response, struct err *err)
{
    struct framing framing = {0};
    if (!read_status(reader, next_line(&head), &response->status, err) ||
        !read_fields(reader, head, response, &framing, err))
        return false;
    if (response->status >= 200)
        return begin_body(reader, &framing, response, err);
    if (response->status == reader->stop_at_status) {
        reader->state = RESPONSE_DONE;
        reader->keep = false; /* the final response may follow */
        return true;
    }
    headers_done(&response->headers); /* 1xx: the final response follows */
    response->status = 0;
    return true;
}

/* Whether these first bytes can still become a status line. */
static bool is_http(struct bytes text)
{
    return memcmp(text.data, "HTTP/1.", text.len < 7 ? text.len : 7) == 0;
}

static bool read_head(struct response_reader *reader, struct bytes *input,
                      struct http_response *response, struct err *err)
{
    struct bytes whole = *input;
    if (reader->part.len) { /* the rest of a head that came in part */
        buf_add(&reader->part, input->data, input->len);
        whole = buf_bytes(&reader->part);
    }
    if (!is_http(whole))
        return fail(err, "something that is not HTTP");
    size_t len = head_length(whole);
    if (len > MAX_HEAD || (!len && whole.len > MAX_HEAD))
        return err_set(err, ERR_UPSTREAM, "the response header is over %d bytes", MAX_HEAD);
    if (!len) {
        if (!reader->part.len)
            buf_add(&reader->part, input->data, input->len);
        skip(input, input->len);
        return true;
    }
    bool ok = take_head(reader, (struct bytes){whole.data, len}, response, err);
    skip(input, input->len - (whole.len - len));
    reader->part.len = 0;
    return ok;
}

/* Takes up to `left` bytes of body; enters state `next` after the last. */
static bool read_piece(struct response_reader *reader, struct bytes *input,
                       struct http_response *response, enum response_state next, struct err *err)
{
    size_t len = input->len < reader->left ? input->len : (size_t)reader->left;
    if (!buf_add(&response->body, input->data, len))
        return err_set(err, ERR_TOO_LARGE, "the response is over %zu bytes", response->body.max);
    skip(input, len);
    reader->left -= len;
    if (!reader->left)
        reader->state = next;
    return true;
}

/* Collects a line in part. False while its end is missing, or (err) when it is too long. */
static bool read_line(struct response_reader *reader, struct bytes *input, struct err *err)
{
    const char *end = memchr(input->data, '\n', input->len);
    size_t len = end ? (size_t)(end + 1 - input->data) : input->len;
    if (reader->part.len + len > MAX_LINE)
        return fail(err, "a line that is too long");
    buf_add(&reader->part, input->data, len);
    skip(input, len);
    return end != NULL;
}

/* Reads "1f;name=value": hexadecimal digits; the extension is ignored. */
static bool chunk_size(const char *line, uint64_t *size)
{
    size_t digits = strspn(line, "0123456789abcdefABCDEF");
    if (digits == 0 || digits > 15 || !strchr("; \t\r\n", line[digits]))
        return false;
    *size = strtoull(line, NULL, 16);
    return true;
}

static bool take_line(struct response_reader *reader, struct err *err)
{
    bool blank = *reader->part.data == '\r' || *reader->part.data == '\n';
    if (reader->state == RESPONSE_CHUNK_SIZE) {
        if (!chunk_size(reader->part.data, &reader->left))
            return fail(err, "a bad chunk");
        reader->state = reader->left ? RESPONSE_CHUNK : RESPONSE_TRAILER;
    } else if (reader->state == RESPONSE_CHUNK_END) {
        if (!blank)
            return fail(err, "a bad chunk");
        reader->state = RESPONSE_CHUNK_SIZE;
    } else if (blank) {
        reader->state = RESPONSE_DONE;
    }
    reader->part.len = 0;
    return true;
}

bool response_reader_read(struct response_reader *reader, struct bytes *input,
                          struct http_response *response, struct err *err)
{
    bool ok = true;
    while (ok && input->len && reader->state != RESPONSE_DONE) {
        switch (reader->state) {
        case RESPONSE_HEAD:
            ok = read_head(reader, input, response, err);
            break;
        case RESPONSE_LENGTH:
            ok = read_piece(reader, input, response, RESPONSE_DONE, err);
            break;
        case RESPONSE_CHUNK:
            ok = read_piece(reader, input, response, RESPONSE_CHUNK_END, err);
            break;
        case RESPONSE_UNTIL_CLOSE:
            reader->left = UINT64_MAX;
            ok = read_piece(reader, input, response, RESPONSE_DONE, err);
            break;
        default:
            ok = read_line(reader, input, err) ? take_line(reader, err) : err->status == 0;
        }
    }
    return ok;
}

bool response_reader_eof(struct response_reader *reader, struct err *err)
{
    if (reader->state != RESPONSE_UNTIL_CLOSE)
        return err_set(err, ERR_UNAVAILABLE, "the connection closed before the response ended");
    reader->state = RESPONSE_DONE;
    return true;
}

void response_reader_reset(struct response_reader *reader)
{
    reader->part.len = 0;
    *reader = (struct response_reader){.part = reader->part};
}

void response_reader_done(struct response_reader *reader)
{
    buf_done(&reader->part);
}
