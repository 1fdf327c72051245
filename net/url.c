/* SPDX-License-Identifier: Apache-2.0 */
/* URLs: percent coding, queries, and the parts of an http(s) URL. */
#include "net/url.h"

#include "base/own.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_unreserved(char c)
{
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

char *url_encode(struct bytes text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = alloc_resize(NULL, text.len * 3 + 1);
    char *to = encoded;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (is_unreserved(c)) {
            *to++ = c;
        } else {
            *to++ = '%';
            *to++ = digits[(unsigned char)c >> 4];
            *to++ = digits[(unsigned char)c & 15];
        }
    }
    *to = '\0';
    return encoded;
}

char *url_encode_text(const char *text)
{
    return url_encode(bytes_of(text));
}

/* The value of a hex digit, or -1. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte of a %XX at the start of text, or -1. */
static int escaped_byte(struct bytes text)
{
    if (text.len < 3 || text.data[0] != '%')
        return -1;
    int high = hex_digit(text.data[1]), low = hex_digit(text.data[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

char *url_decode(struct bytes text, bool plus_is_space)
{
    OWN(free) char *decoded = alloc_resize(NULL, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int byte = escaped_byte((struct bytes){text.data + i, text.len - i});
        if (byte >= 0)
            i += 2;
        else
            byte = plus_is_space && text.data[i] == '+' ? ' ' : text.data[i];
        if (byte == '\0')
            return NULL;
        decoded[len++] = (char)byte;
    }
    decoded[len] = '\0';
    return str_is_utf8((struct bytes){decoded, len}) ? move_ptr(&decoded) : NULL;
}

/* One name=value of a query, still encoded. */
struct parameter {
    struct bytes name, value;
};

/* Removes the front of text up to the first `mark` (or all of it), and returns it. */
static struct bytes cut(struct bytes *text, char mark)
{
    const char *end = text->len ? memchr(text->data, mark, text->len) : NULL;
    size_t len = end ? (size_t)(end - text->data) : text->len;
    struct bytes front = {text->data, len};
    size_t removed = end ? len + 1 : len;
    text->data += removed;
    text->len -= removed;
    return front;
}

/* Removes the first parameter from a query; false at its end. */
static bool next_parameter(struct bytes *query, struct parameter *parameter)
{
    while (query->len) {
        struct bytes piece = cut(query, '&');
        if (piece.len == 0)
            continue;
        parameter->name = cut(&piece, '=');
        parameter->value = piece;
        return true;
    }
    return false;
}

char *url_query_get(const char *query, const char *name)
{
    struct bytes rest = bytes_of(query);
    struct parameter parameter;
    while (next_parameter(&rest, &parameter)) {
        OWN(free) char *decoded = url_decode(parameter.name, true);
        if (decoded && str_equal(decoded, name))
            return url_decode(parameter.value, true);
    }
    return NULL;
}

bool url_query_each(struct bytes query, void (*each)(const char *name, const char *value, void *to),
                    void *to)
{
    struct parameter parameter;
    while (next_parameter(&query, &parameter)) {
        OWN(free) char *name = url_decode(parameter.name, true);
        OWN(free) char *value = url_decode(parameter.value, true);
        if (!name || !value)
            return false;
        each(name, value, to);
    }
    return true;
}

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7F)
            return false;
    return true;
}

/* Parses "[::1]", a name or an IPv4 address at the start of text and skips it; NULL when there is
 * none. */
static char *take_host(const char **text)
{
    bool bracket = **text == '[';
    const char *from = *text + bracket;
    size_t len = bracket ? strcspn(from, "]") : 0;
    if (!bracket)
        while (is_unreserved(from[len]))
            len++;
    if (len == 0 || (bracket && from[len] != ']'))
        return NULL;

    OWN(free) char *host = str_copy_bytes((struct bytes){from, len});
    struct in6_addr address;
    if (bracket && inet_pton(AF_INET6, host, &address) != 1)
        return NULL;
    str_lower(host);
    *text = from + len + bracket;
    return move_ptr(&host);
}

/* Parses ":8080" at the start of text and skips it. Without digits the port is left alone. */
static bool take_port(const char **text, uint16_t *port)
{
    if (**text != ':')
        return true;
    size_t len = strspn(++*text, "0123456789");
    if (len == 0)
        return true;
    OWN(free) char *digits = str_copy_bytes((struct bytes){*text, len});
    int64_t number;
    if (!str_int(digits, 1, UINT16_MAX, &number))
        return false;
    *port = (uint16_t)number;
    *text += len;
    return true;
}

/* Path and query, without the fragment, which is not sent. */
static char *target_of(const char *text)
{
    struct bytes target = {text, strcspn(text, "#")};
    OWN(free) char *copy = str_copy_bytes(target);
    return *copy == '/' ? move_ptr(&copy) : str_format("/%s", copy);
}

bool url_parse(const char *text, struct url *url)
{
    bool tls = str_starts_any_case(text, "https://");
    if ((!tls && !str_starts_any_case(text, "http://")) || !is_printable(text))
        return false;

    const char *rest = text + (tls ? strlen("https://") : strlen("http://"));
    uint16_t port = tls ? 443 : 80;
    OWN(free) char *host = take_host(&rest);
    if (!host || !take_port(&rest, &port) || !strchr("/?#", *rest))
        return false;

    *url =
        (struct url){.tls = tls, .host = move_ptr(&host), .port = port, .target = target_of(rest)};
    return true;
}

void url_done(struct url *url)
{
    free(url->host);
    free(url->target);
    *url = (struct url){0};
}

bool url_is_loopback(const char *host)
{
    struct in_addr address;
    return str_equal(host, "localhost") || str_ends(host, ".localhost") || str_equal(host, "::1") ||
           (str_starts(host, "127.") && inet_pton(AF_INET, host, &address) == 1);
}
