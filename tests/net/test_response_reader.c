/* SPDX-License-Identifier: Apache-2.0 */
/* net/answer_reader: HTTP/1.1 answers, byte by byte. */
#include "net/client/response_reader.h"

#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/test.h"

/* Reads a text in pieces of so many bytes; gives the failure, if any. */
static struct err read_pieces(const char *text, size_t piece, struct response_reader *reader,
                              struct http_response *answer)
{
    struct err err = {0};
    struct bytes rest = bytes_of(text);
    answer->body.max = 100;
    while (rest.len && !err.status && reader->state != RESPONSE_DONE) {
        struct bytes input = {rest.data, rest.len < piece ? rest.len : piece};
        size_t given = input.len;
        response_reader_read(reader, &input, answer, &err);
        rest.data += given - input.len;
        rest.len -= given - input.len;
    }
    return err;
}

TEST(a_response_is_the_same_however_its_bytes_arrive)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-A: "
                               "1\r\nTransfer-Encoding: Chunked\r\n\r\n"
                               "A;x=y\r\n0123456789\r\n1\r\na\r\n0\r\nX-Trailer: 2\r\n\r\n";
    for (size_t piece = 1; piece <= sizeof(text); piece++) {
        struct response_reader reader = {0};
        OWN(http_response) struct http_response answer = {0};
        struct err err = read_pieces(text, piece, &reader, &answer);
        EXPECT_STR(err.text, "");
        EXPECT_INT(reader.state, RESPONSE_DONE);
        EXPECT(reader.keep);
        EXPECT_INT(answer.status, 200);
        EXPECT_INT(answer.headers.count, 2);
        EXPECT_STR(answer.body.data, "0123456789a");
        response_reader_done(&reader);
    }
}

TEST(what_follows_a_response_is_not_read)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP";
    struct response_reader reader = {0};
    OWN(http_response) struct http_response answer = {.body.max = 10};
    struct err err = {0};
    struct bytes input = bytes_of(text);
    EXPECT(response_reader_read(&reader, &input, &answer, &err));
    EXPECT_INT(reader.state, RESPONSE_DONE);
    EXPECT_STR(answer.body.data, "ok");
    EXPECT_INT(input.len, 4);
    response_reader_done(&reader);
}

TEST(a_connection_is_kept_when_the_end_of_the_response_is_certain)
{
    static const struct {
        const char *text;
        bool keep;
    } rows[] = {
        {"HTTP/1.1 204 No Content\r\n\r\n", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n", false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false},
        {"HTTP/1.1 200 OK\r\n\r\nuntil the end", false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct response_reader reader = {0};
        OWN(http_response) struct http_response answer = {0};
        struct err err = read_pieces(rows[i].text, 7, &reader, &answer);
        EXPECT_STR(err.text, "");
        EXPECT(reader.state == RESPONSE_DONE || response_reader_eof(&reader, &err));
        EXPECT_INT(reader.keep, rows[i].keep);
        response_reader_done(&reader);
    }
}

TEST(ambiguous_framing_is_refused)
{
    static const struct {
        const char *text, *why;
        int status;
    } rows[] = {
        {"HTTP/2 200 OK\r\n\r\n", "something that is not HTTP", ERR_UPSTREAM},
        {"HTTP/1.1 20 OK\r\n\r\n", "something that is not HTTP", ERR_UPSTREAM},
        {"HTTP/1.1 2x0 OK\r\n\r\n", "something that is not HTTP", ERR_UPSTREAM},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "status 101", ERR_UPSTREAM},
        {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "a bad Content-Length", ERR_UPSTREAM},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", "a bad Content-Length", ERR_UPSTREAM},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "a bad Content-Length",
         ERR_UPSTREAM},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
         "a bad Content-Length", ERR_UPSTREAM},
        {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", "over 100 bytes", ERR_TOO_LARGE},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
         "an unknown Transfer-Encoding", ERR_UPSTREAM},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "a bad chunk", ERR_UPSTREAM},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "a bad chunk",
         ERR_UPSTREAM},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "a bad chunk",
         ERR_UPSTREAM},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\n", "a bad chunk",
         ERR_UPSTREAM},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"
         "01234567890123456789012345678901234567890123456789"
         "01234567890123456789012345678901234567890123456789x\r\n",
         "over 100 bytes", ERR_TOO_LARGE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct response_reader reader = {0};
        OWN(http_response) struct http_response answer = {0};
        struct err err = read_pieces(rows[i].text, 1, &reader, &answer);
        EXPECT_HAS(err.text, rows[i].why);
        EXPECT_INT(err.status, rows[i].status);
        response_reader_done(&reader);
    }
}

TEST(closing_ends_only_a_response_without_a_length)
{
    struct response_reader reader = {0};
    OWN(http_response) struct http_response answer = {0};
    read_pieces("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 99, &reader, &answer);
    struct err err = {0};
    EXPECT(!response_reader_eof(&reader, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    response_reader_done(&reader);
}
