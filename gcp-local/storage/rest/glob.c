/* SPDX-License-Identifier: Apache-2.0 */
/* Glob patterns of object names. Pure. */
#include "gcp-local/storage/rest/glob.h"

#include <stddef.h>
#include <string.h>

/* Limits the work for hostile patterns: after so many steps a name does not match. */
enum { MAX_STEPS = 100000 };

struct glob {
    int steps; /* so far */
};

static bool match(struct glob *glob, const char *pattern, const char *end, const char *name,
                  const char *rest);

/* The ']' that ends the set at pattern ("[…"), or NULL. */
static const char *set_end(const char *pattern, const char *end)
{
    const char *p = pattern + 1;
    p += p < end && (*p == '!' || *p == '^');
    p += p < end; /* a ']' that comes first is a member */
    return p < end ? memchr(p, ']', (size_t)(end - p)) : NULL;
}

static bool in_set(const char *set, const char *end, char c)
{
    bool negated = *set == '!' || *set == '^';
    bool found = false;
    for (const char *p = set + negated; p < end; p++) {
        if (p + 2 < end && p[1] == '-') {
            found = found || (c >= p[0] && c <= p[2]);
            p += 2;
        } else {
            found = found || *p == c;
        }
    }
    return found != negated;
}

static bool match_star(struct glob *glob, const char *pattern, const char *end, const char *name,
                       const char *rest)
{
    bool deep = pattern + 1 < end && pattern[1] == '*';
    pattern += deep ? 2 : 1;
    for (;; name++) {
        if (match(glob, pattern, end, name, rest))
            return true;
        if (!*name || (*name == '/' && !deep) || glob->steps > MAX_STEPS)
            return false;
    }
}

/* Tries each alternative of "{one,other}tail". */
static bool match_alternatives(struct glob *glob, const char *pattern, const char *close,
                               const char *end, const char *name)
{
    char tail[1025];
    size_t len = (size_t)(end - close - 1);
    if (len >= sizeof(tail))
        return false;
    memcpy(tail, close + 1, len);
    tail[len] = '\0';
    for (const char *alternative = pattern + 1; alternative <= close;) {
        const char *comma = memchr(alternative, ',', (size_t)(close - alternative));
        const char *stop = comma ? comma : close;
        if (match(glob, alternative, stop, name, tail))
            return true;
        alternative = stop + 1;
    }
    return false;
}

/* True if pattern…end followed by the pattern `rest` matches the whole name. */
static bool match(struct glob *glob, const char *pattern, const char *end, const char *name,
                  const char *rest)
{
    if (glob->steps++ > MAX_STEPS)
        return false;
    for (; pattern < end; pattern++, name++) {
        const char *close = NULL;
        if (*pattern == '*')
            return match_star(glob, pattern, end, name, rest);
        if (*pattern == '{' && !*rest && (close = memchr(pattern, '}', (size_t)(end - pattern))))
            return match_alternatives(glob, pattern, close, end, name);
        if (!*name)
            return false;
        if (*pattern == '?') {
            if (*name == '/')
                return false;
        } else if (*pattern == '[' && (close = set_end(pattern, end))) {
            if (!in_set(pattern + 1, close, *name))
                return false;
            pattern = close;
        } else {
            pattern += *pattern == '\\' && pattern + 1 < end;
            if (*pattern != *name)
                return false;
        }
    }
    return *rest ? match(glob, rest, rest + strlen(rest), name, "") : !*name;
}

bool glob_match(const char *pattern, const char *name)
{
    struct glob glob = {0};
    return match(&glob, pattern, pattern + strlen(pattern), name, "");
}
