/* SPDX-License-Identifier: Apache-2.0 */
/* URLs: percent coding, queries, and the parts of an http(s) URL. */
#ifndef NET_URL_H
#define NET_URL_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Percent-encodes everything but unreserved characters (RFC 3986 section 2.3), so '/' as well: one
 * path segment or query value. The caller frees. */
char *url_encode(struct bytes text);
char *url_encode_text(const char *text);

/* Decodes %XX once; a % without two hex digits stays as it is. With plus_is_space, '+' is a space
 * (queries and forms). NULL when the result holds a NUL or is no UTF-8. The caller frees. */
char *url_decode(struct bytes text, bool plus_is_space);

/* The decoded value of a query parameter: the first of its name, or NULL when absent (or not
 * decodable). query is the raw text behind '?', NULL for none. The caller frees. */
char *url_query_get(const char *query, const char *name);

/* Calls each for every parameter of a query or form body, decoded, in order; one that cannot be
 * decoded ends the walk with false. */
bool url_query_each(struct bytes query, void (*each)(const char *name, const char *value, void *to),
                    void *to);

/* The parts of an absolute http or https URL, all owned; all zero is empty. */
struct url {
    bool tls;
    char *host;    /* without brackets; lower case */
    uint16_t port; /* 80 or 443 when the URL has none */
    char *target;  /* path and query as given, "/" at least */
};

/* False when text is no absolute http(s) URL, or holds user names, spaces or control characters. */
bool url_parse(const char *text, struct url *url);
void url_done(struct url *url);

static inline void own_url(struct url *local)
{
    url_done(local);
}

/* True for a host that names this machine: localhost, *.localhost, 127.0.0.0/8, ::1. */
bool url_is_loopback(const char *host);

#endif
