/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of the plain kind. Whatever is in doubt is not plain. */
#include "base/json/json_plain.h"

#include "base/json/json_scan.h"

enum {
    MAX_DEPTH = 16,
    MAX_DIGITS = 18, /* fit into 64 bits */
};

static json_t *read_value(struct json_scan *scan, int level);

static json_t *read_string(struct json_scan *scan)
{
    struct bytes string;
    return json_scan_string(scan, &string) ? json_stringn_nocheck(string.data, string.len) : NULL;
}

/* An object that is being read. */
struct members {
    json_t *object;
    int level;
};

/* False also when the name was there before. */
static bool add_member(struct json_scan *scan, struct bytes name, void *context)
{
    const struct members *members = context;
    size_t count = json_object_size(members->object);
    json_t *value = read_value(scan, members->level + 1);
    return json_object_setn_new_nocheck(members->object, name.data, name.len, value) == 0 &&
           json_object_size(members->object) == count + 1;
}

static json_t *read_object(struct json_scan *scan, int level)
{
    struct members members = {json_object(), level};
    if (json_scan_object(scan, add_member, &members))
        return members.object;
    json_decref(members.object);
    return NULL;
}

static json_t *read_list(struct json_scan *scan, int level)
{
    json_t *list = json_array();
    json_scan_take(scan, '[');
    bool good = json_scan_take(scan, ']');
    if (!good) {
        do
            good = json_array_append_new(list, read_value(scan, level + 1)) == 0;
        while (good && json_scan_take(scan, ','));
        good = good && json_scan_take(scan, ']');
    }
    if (good)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *read_number(struct json_scan *scan)
{
    bool minus = *scan->at == '-';
    const char *start = scan->at += minus;
    json_int_t number = 0;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9' &&
           scan->at - start < MAX_DIGITS)
        number = number * 10 + (*scan->at++ - '0');
    long digits = scan->at - start;
    if (digits == 0 || (digits > 1 && *start == '0'))
        return NULL;
    return json_integer(minus ? -number : number);
}

/* What may follow a number or a word is seen by those who look for a comma or the end. */
static json_t *read_value(struct json_scan *scan, int level)
{
    if (scan->at == scan->end || level > MAX_DEPTH)
        return NULL;
    switch (*scan->at) {
    case '"':
        return read_string(scan);
    case '{':
        return read_object(scan, level);
    case '[':
        return read_list(scan, level);
    case 't':
        return json_scan_word(scan, "true") ? json_true() : NULL;
    case 'f':
        return json_scan_word(scan, "false") ? json_false() : NULL;
    case 'n':
        return json_scan_word(scan, "null") ? json_null() : NULL;
    default:
        return read_number(scan);
    }
}

json_t *json_plain_parse(struct bytes text)
{
    struct json_scan scan = json_scan_open(text);
    json_t *tree = read_value(&scan, 1);
    if (tree && json_scan_end(&scan))
        return tree;
    json_decref(tree);
    return NULL;
}
