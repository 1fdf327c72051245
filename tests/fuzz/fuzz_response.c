/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as HTTP/1.1 answer, whole and cut anywhere: never a crash, always the same result. */
#include "base/own.h"
#include "base/str.h"
#include "net/client/response_reader.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BODY = 1000 };

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

/* Reads in pieces of this many bytes; gives the status, or that of the failure as a negative. */
static int read_in(struct bytes text, size_t piece, bool is_head, struct http_response *answer)
{
    struct response_reader reader = {.is_head = is_head};
    struct err err = {0};
    answer->body.max = MAX_BODY;
    bool ok = true;
    while (ok && text.len && reader.state != RESPONSE_DONE) {
        size_t len = text.len < piece ? text.len : piece;
        struct bytes input = {text.data, len};
        ok = response_reader_read(&reader, &input, answer, &err);
        must(!ok || input.len == 0 || reader.state == RESPONSE_DONE);
        text.data += len;
        text.len -= len;
    }
    ok = ok && (reader.state == RESPONSE_DONE || response_reader_eof(&reader, &err));
    must(ok == (err.status == 0));
    must(answer->body.len <= MAX_BODY);
    must(!ok || (answer->status >= 200 && answer->status <= 999));
    response_reader_done(&reader);
    return ok ? answer->status : -err.status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    bool is_head = data[0] == 'H';
    size_t piece = 1 + data[0] % 64u;
    struct bytes text = {(const char *)data + 1, size - 1};
    OWN(http_response) struct http_response whole = {0};
    OWN(http_response) struct http_response pieces = {0};
    int status = read_in(text, SIZE_MAX, is_head, &whole);
    int again = read_in(text, piece, is_head, &pieces);
    must((status < 0) == (again < 0));
    if (status < 0)
        return 0;
    must(status == again && whole.headers.count == pieces.headers.count);
    must(bytes_equal(buf_bytes(&whole.body), buf_bytes(&pieces.body)));
    return 0;
}
