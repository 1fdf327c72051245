/* SPDX-License-Identifier: Apache-2.0 */
/* The path and query of a request to the Kubernetes API. */
#include "kn-local/api/api_request_path.h"

#include "base/str.h"
#include "net/url.h"

#include <string.h>

enum { MAX_SEGMENTS = 8 };

/* Splits a path into decoded segments. False when there are too many, or one cannot be decoded. */
static bool split(const char *path, char *segments[MAX_SEGMENTS], size_t *count)
{
    *count = 0;
    while (*path == '/') {
        path++;
        size_t len = strcspn(path, "/");
        if (len == 0 && path[len] == '\0')
            return true; /* a slash at the end */
        char *segment = url_decode((struct bytes){path, len}, false);
        if (!segment)
            return false;
        if (*count == MAX_SEGMENTS) {
            free(segment);
            return false;
        }
        segments[(*count)++] = segment;
        path += len;
    }
    return *path == '\0';
}

/* Moves the next segment out; NULL after the last. */
static char *shift(char ***next, char *const *end)
{
    if (*next == end)
        return NULL;
    char *segment = **next;
    *(*next)++ = NULL;
    return segment;
}

static bool fill(char **next, char *const *end, struct api_request_path *out)
{
    OWN(free) char *root = shift(&next, end);
    if (str_equal(root, "api"))
        out->group = str_copy("");
    else if (str_equal(root, "apis"))
        out->group = shift(&next, end);
    out->version = shift(&next, end);
    if (!out->group || !out->version)
        return false;
    /* "namespaces/NAME", also with a subresource of it, is the Namespace itself */
    bool within = end - next >= 3 && str_equal(*next, "namespaces") &&
                  !str_equal(next[2], "status") && !str_equal(next[2], "finalize");
    if (within) {
        free(shift(&next, end));
        out->ns = shift(&next, end);
    }
    out->plural = shift(&next, end);
    out->name = shift(&next, end);
    out->sub = shift(&next, end);
    return next == end;
}

bool api_request_path_parse(const char *path, struct api_request_path *out)
{
    *out = (struct api_request_path){0};
    char *segments[MAX_SEGMENTS] = {NULL};
    size_t count = 0;
    bool parsed = split(path, segments, &count) && fill(segments, segments + count, out);
    for (size_t i = 0; i < count; i++)
        free(segments[i]);
    if (!parsed)
        api_request_path_done(out);
    return parsed;
}

void api_request_path_done(struct api_request_path *path)
{
    free(path->group);
    free(path->version);
    free(path->ns);
    free(path->plural);
    free(path->name);
    free(path->sub);
    *path = (struct api_request_path){0};
}

bool api_query_equals(const struct http_exchange *exchange, const char *name, const char *value)
{
    OWN(free) char *given = url_query_get(exchange->query, name);
    return str_equal(given, value);
}

bool api_query_is_true(const struct http_exchange *exchange, const char *name)
{
    return api_query_equals(exchange, name, "true") || api_query_equals(exchange, name, "1");
}
