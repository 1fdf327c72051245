/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path for plain JSON. */
#include "base/json/json_plain.h"

#include "base/json/json_scanner.h"

enum {
    MAX_DEPTH = 16,
    MAX_DIGITS = 18, /* fit into 64 bits */
};

static json_t *read_value(struct json_scanner *scanner, int level);

static json_t *read_object(struct json_scanner *scanner, int level)
{
    json_auto_t *object = json_object();
    bool first = true;
    struct bytes name;
    for (size_t count = 1;
         json_scanner_next(scanner, '}', &first) && json_scanner_name(scanner, NULL, &name);
         count++) {
        json_t *value = read_value(scanner, level + 1);
        if (json_object_setn_new_nocheck(object, name.data, name.len, value) != 0 ||
            json_object_size(object) != count) /* a duplicate name */
            json_scanner_fail(scanner);
    }
    return scanner->failed ? NULL : json_incref(object);
}

static json_t *read_list(struct json_scanner *scanner, int level)
{
    json_auto_t *list = json_array();
    bool first = true;
    while (json_scanner_next(scanner, ']', &first))
        if (json_array_append_new(list, read_value(scanner, level + 1)) != 0)
            json_scanner_fail(scanner);
    return scanner->failed ? NULL : json_incref(list);
}

static json_t *read_string(struct json_scanner *scanner)
{
    struct bytes string;
    return json_scanner_string(scanner, NULL, &string)
               ? json_stringn_nocheck(string.data, string.len)
               : NULL;
}

static json_t *read_integer(struct bytes text)
{
    bool minus = text.len && *text.data == '-';
    if (text.len - minus > MAX_DIGITS)
        return NULL;
    json_int_t number = 0;
    for (size_t i = minus; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return NULL;
        number = number * 10 + (text.data[i] - '0');
    }
    return json_integer(minus ? -number : number);
}

static json_t *read_value(struct json_scanner *scanner, int level)
{
    if (level > MAX_DEPTH)
        return NULL;
    if (json_scanner_take(scanner, '{'))
        return read_object(scanner, level);
    if (json_scanner_take(scanner, '['))
        return read_list(scanner, level);
    if (scanner->position < scanner->end && *scanner->position == '"')
        return read_string(scanner);
    if (json_scanner_literal(scanner, "null"))
        return json_null();
    struct bytes text;
    if (!json_scanner_primitive(scanner, &text))
        return NULL;
    return *text.data == 't' ? json_true() : *text.data == 'f' ? json_false() : read_integer(text);
}

json_t *json_plain_parse(struct bytes text)
{
    struct json_scanner scanner = json_scanner_open(text);
    json_t *tree = read_value(&scanner, 1);
    if (tree && json_scanner_at_end(&scanner))
        return tree;
    json_decref(tree);
    return NULL;
}
