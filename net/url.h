/* SPDX-License-Identifier: Apache-2.0 */
/* URLs: percent coding, queries, and the parts of an http(s) URL. */
#ifndef NET_URL_H
#define NET_URL_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Percent-encodes all but unreserved characters (RFC 3986 section 2.3), so '/' as well: for a path
 * segment or query value. The caller frees. */
char *url_encode(struct bytes text);
char *url_encode_text(const char *text);

/* Decodes %XX once; a % without two hex digits is kept. With plus_is_space, '+' is a space (queries
 * and forms). NULL when the result has a NUL or is not valid UTF-8. The caller frees. */
char *url_decode(struct bytes text, bool plus_is_space);

/* The decoded value of the first parameter of a name; NULL when it is missing or cannot be decoded.
 * query is the raw text after '?', or NULL. The caller frees. */
char *url_query_get(const char *query, const char *name);

/* Calls each for every parameter of a query or form body, decoded, in order. False at the first one
 * that cannot be decoded. */
bool url_query_each(struct bytes query, void (*each)(const char *name, const char *value, void *to),
                    void *to);

/* The parts of an absolute http or https URL, all owned; all zero is empty. */
struct url {
    bool tls;
    char *host;    /* without brackets; lower case */
    uint16_t port; /* 80 or 443 when the URL has none */
    char *target;  /* path and query as given, "/" at least */
};

/* False when text is not an absolute http(s) URL, or has user information, spaces or control
 * characters. */
bool url_parse(const char *text, struct url *url);
void url_done(struct url *url);

static inline void own_url(struct url *local)
{
    url_done(local);
}

/* True for a host that names this machine: localhost, *.localhost, 127.0.0.0/8, ::1. */
bool url_is_loopback(const char *host);

#endif
