/* SPDX-License-Identifier: Apache-2.0 */
/* Reading plain JSON piece by piece. */
#include "base/json/json_scan.h"

#include <string.h>

static void skip_space(struct json_scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

struct json_scan json_scan_open(struct bytes text)
{
    const char *start = text.len ? text.data : "";
    struct json_scan scan = {start, start + text.len};
    skip_space(&scan);
    return scan;
}

bool json_scan_take(struct json_scan *scan, char wanted)
{
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != wanted)
        return false;
    scan->at++;
    skip_space(scan);
    return true;
}

bool json_scan_word(struct json_scan *scan, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
        return false;
    scan->at += len;
    return true;
}

bool json_scan_string(struct json_scan *scan, struct bytes *string)
{
    if (scan->at == scan->end || *scan->at != '"')
        return false;
    const char *start = scan->at + 1, *at = start;
    while (at < scan->end && *at != '"') {
        char c = *at++;
        if (c < ' ' || c > '~' || c == '\\')
            return false;
    }
    *string = (struct bytes){start, (size_t)(at - start)};
    scan->at = at + 1;
    return at < scan->end;
}

bool json_scan_object(struct json_scan *scan,
                      bool (*each)(struct json_scan *scan, struct bytes name, void *context),
                      void *context)
{
    if (!json_scan_take(scan, '{'))
        return false;
    if (json_scan_take(scan, '}'))
        return true;
    do {
        struct bytes name;
        if (!json_scan_string(scan, &name) || !json_scan_take(scan, ':') ||
            !each(scan, name, context))
            return false;
    } while (json_scan_take(scan, ','));
    return json_scan_take(scan, '}');
}

bool json_scan_end(struct json_scan *scan)
{
    skip_space(scan);
    return scan->at == scan->end;
}
