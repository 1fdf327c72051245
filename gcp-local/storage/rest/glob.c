/* SPDX-License-Identifier: Apache-2.0 */
/* Names that match a pattern. Pure. */
#include "gcp-local/storage/rest/glob.h"

#include <stddef.h>
#include <string.h>

/* A hostile pattern may try many ways; after so many steps it does not match. */
enum { MAX_STEPS = 100000 };

struct glob {
    int steps;
};

static bool match(struct glob *glob, const char *pattern, const char *end, const char *name,
                  const char *rest);

/* The ']' of a set at pattern ("[…"), or NULL. */
static const char *set_end(const char *pattern, const char *end)
{
    const char *at = pattern + 1;
    at += at < end && (*at == '!' || *at == '^');
    at += at < end; /* a ']' that comes first is a member */
    return at < end ? memchr(at, ']', (size_t)(end - at)) : NULL;
}

static bool in_set(const char *set, const char *end, char c)
{
    bool not = *set == '!' || *set == '^';
    bool found = false;
    for (const char *at = set + not ; at < end; at++) {
        if (at + 2 < end && at[1] == '-') {
            found = found || (c >= at[0] && c <= at[2]);
            at += 2;
        } else {
            found = found || *at == c;
        }
    }
    return found != not ;
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

/* Tries each way of "{one,other}tail". */
static bool match_choice(struct glob *glob, const char *pattern, const char *close, const char *end,
                         const char *name)
{
    char tail[1025];
    size_t len = (size_t)(end - close - 1);
    if (len >= sizeof(tail))
        return false;
    memcpy(tail, close + 1, len);
    tail[len] = '\0';
    for (const char *way = pattern + 1; way <= close;) {
        const char *comma = memchr(way, ',', (size_t)(close - way));
        const char *stop = comma ? comma : close;
        if (match(glob, way, stop, name, tail))
            return true;
        way = stop + 1;
    }
    return false;
}

/* Whether pattern…end and then the pattern `rest` match the whole name. */
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
            return match_choice(glob, pattern, close, end, name);
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
