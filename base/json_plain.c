/* JSON of the plain kind. Whatever is in doubt is not plain. */
#include "base/json_plain.h"

#include <stdbool.h>
#include <string.h>

enum {
    MOST_LEVELS = 16,
    MOST_DIGITS = 18, /* fit into 64 bits */
};

/* What is still to be read. */
struct reader {
    const char *at, *end;
    int level;
};

static json_t *read_value(struct reader *reader);

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\r' || *reader->at == '\t'))
        reader->at++;
}

/* Takes one character, and white space before and behind it; false when another one comes. */
static bool take(struct reader *reader, char wanted)
{
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != wanted)
        return false;
    reader->at++;
    skip_space(reader);
    return true;
}

/* Takes a string, whose opening quote is next; borrowed. False when there is more to it than
 * printable ASCII. */
static bool take_string(struct reader *reader, struct bytes *string)
{
    if (reader->at == reader->end || *reader->at != '"')
        return false;
    const char *start = ++reader->at;
    while (reader->at < reader->end && *reader->at != '"') {
        char c = *reader->at++;
        if (c < ' ' || c > '~' || c == '\\')
            return false;
    }
    *string = (struct bytes){start, (size_t)(reader->at - start)};
    return reader->at++ < reader->end;
}

static json_t *read_string(struct reader *reader)
{
    struct bytes string;
    return take_string(reader, &string) ? json_stringn_nocheck(string.data, string.len) : NULL;
}

/* Takes `"name": value` into an object; false also when the name was there before. */
static bool take_member(struct reader *reader, json_t *object)
{
    struct bytes name;
    if (!take_string(reader, &name) || !take(reader, ':'))
        return false;
    size_t count = json_object_size(object);
    json_t *value = read_value(reader);
    return json_object_setn_new_nocheck(object, name.data, name.len, value) == 0 &&
           json_object_size(object) == count + 1;
}

static bool take_item(struct reader *reader, json_t *list)
{
    return json_array_append_new(list, read_value(reader)) == 0;
}

/* Reads an object or a list, which is taken over: what stands between the brackets, with commas. */
static json_t *read_inside(struct reader *reader, json_t *inside, char close,
                           bool (*take_one)(struct reader *reader, json_t *inside))
{
    reader->at++;
    skip_space(reader);
    bool good = ++reader->level <= MOST_LEVELS;
    if (good && !take(reader, close)) {
        do
            good = take_one(reader, inside);
        while (good && take(reader, ','));
        good = good && take(reader, close);
    }
    reader->level--;
    if (good)
        return inside;
    json_decref(inside);
    return NULL;
}

static json_t *read_number(struct reader *reader)
{
    bool minus = *reader->at == '-';
    const char *start = reader->at += minus;
    json_int_t number = 0;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9' &&
           reader->at - start < MOST_DIGITS)
        number = number * 10 + (*reader->at++ - '0');
    long digits = reader->at - start;
    if (digits == 0 || (digits > 1 && *start == '0'))
        return NULL;
    return json_integer(minus ? -number : number);
}

static json_t *read_word(struct reader *reader, const char *word, json_t *value)
{
    size_t len = strlen(word);
    if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, word, len) != 0)
        return NULL;
    reader->at += len;
    return value;
}

/* What may follow a number or a word is seen by those who look for a comma or the end. */
static json_t *read_value(struct reader *reader)
{
    switch (reader->at < reader->end ? *reader->at : '\0') {
    case '"':
        return read_string(reader);
    case '{':
        return read_inside(reader, json_object(), '}', take_member);
    case '[':
        return read_inside(reader, json_array(), ']', take_item);
    case 't':
        return read_word(reader, "true", json_true());
    case 'f':
        return read_word(reader, "false", json_false());
    case 'n':
        return read_word(reader, "null", json_null());
    default:
        return reader->at < reader->end ? read_number(reader) : NULL;
    }
}

json_t *json_plain(struct bytes text)
{
    struct reader reader = {.at = text.data, .end = text.data + text.len};
    skip_space(&reader);
    json_t *tree = read_value(&reader);
    skip_space(&reader);
    if (tree && reader.at == reader.end)
        return tree;
    json_decref(tree);
    return NULL;
}
