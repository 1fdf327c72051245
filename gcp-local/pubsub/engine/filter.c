/* SPDX-License-Identifier: Apache-2.0 */
/* The filter language of subscriptions: parsed into a tree, which is then walked per message. */
#include "gcp-local/pubsub/engine/filter.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

enum filter_op { HAS, EQUALS, STARTS, NOT, AND, OR };

struct filter {
    enum filter_op op;
    char *name, *value;          /* of HAS, EQUALS, STARTS */
    struct filter *left, *right; /* of NOT (left only), AND, OR */
};

/* What is left of the text. */
struct parse {
    const char *text, *at;
    struct err *err;
};

void filter_free(struct filter *filter)
{
    if (!filter)
        return;
    filter_free(filter->left);
    filter_free(filter->right);
    free(filter->name);
    free(filter->value);
    free(filter);
}

static inline void own_filter(struct filter **local)
{
    filter_free(*local);
}

static struct filter *node(enum filter_op op, struct filter *left, struct filter *right)
{
    struct filter *filter = alloc_zeroed(sizeof(*filter));
    *filter = (struct filter){.op = op, .left = left, .right = right};
    return filter;
}

static bool fail(struct parse *parse, const char *want)
{
    if (parse->err->status)
        return false;
    return err_set(parse->err, ERR_INPUT, "Invalid filter: want %s at byte %zu of `%s`", want,
                   (size_t)(parse->at - parse->text), parse->text);
}

static void skip_space(struct parse *parse)
{
    while (*parse->at && strchr(" \t\r\n", *parse->at))
        parse->at++;
}

static bool take(struct parse *parse, const char *symbol)
{
    skip_space(parse);
    if (!str_starts(parse->at, symbol))
        return false;
    parse->at += strlen(symbol);
    return true;
}

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* A word that is not part of a longer one. */
static bool take_word(struct parse *parse, const char *word)
{
    skip_space(parse);
    if (!str_starts(parse->at, word) || in_name(parse->at[strlen(word)]))
        return false;
    parse->at += strlen(word);
    return true;
}

/* Appends a code point as UTF-8; surrogates and what is beyond Unicode are refused. */
static bool add_point(struct buf *out, unsigned long point)
{
    if (point == 0 || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
        return false;
    char utf8[4];
    size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = len; i-- > 1; point >>= 6)
        utf8[i] = (char)(0x80 | (point & 0x3F));
    utf8[0] = (char)(marks[len] | point);
    return buf_add(out, utf8, len);
}

/* The digits of \xHH, \uHHHH and \UHHHHHHHH. */
static bool take_hex(struct parse *parse, size_t digits, struct buf *out)
{
    char hex[9] = {0};
    for (size_t i = 0; i < digits; i++) {
        if (!isxdigit((unsigned char)parse->at[0]))
            return false;
        hex[i] = *parse->at++;
    }
    return add_point(out, strtoul(hex, NULL, 16));
}

static bool take_escape(struct parse *parse, struct buf *out)
{
    static const char names[] = "abfnrtv\\\"'`?", values[] = "\a\b\f\n\r\t\v\\\"'`?";
    char c = *parse->at;
    if (c == '\0')
        return false;
    parse->at++;
    if (c == 'x' || c == 'u' || c == 'U')
        return take_hex(parse, c == 'x' ? 2 : c == 'u' ? 4 : 8, out);
    const char *name = strchr(names, c);
    return name && buf_add(out, values + (name - names), 1);
}

/* A text in double quotes. NULL with err. */
static char *take_string(struct parse *parse)
{
    if (!take(parse, "\"")) {
        fail(parse, "a text in double quotes");
        return NULL;
    }
    OWN(buf) struct buf out = {0};
    while (*parse->at != '"') {
        bool ok;
        if (*parse->at == '\\') {
            parse->at++;
            ok = take_escape(parse, &out);
        } else {
            ok = *parse->at != '\0' && buf_add(&out, parse->at, 1);
            parse->at += ok;
        }
        if (!ok) {
            fail(parse, "the end of a text in double quotes");
            return NULL;
        }
    }
    parse->at++;
    return buf_take(&out);
}

static char *take_name(struct parse *parse)
{
    skip_space(parse);
    if (*parse->at == '"')
        return take_string(parse);
    const char *start = parse->at;
    if (isalpha((unsigned char)*start) || *start == '_')
        while (in_name(*parse->at))
            parse->at++;
    if (parse->at == start) {
        fail(parse, "an attribute's name");
        return NULL;
    }
    return str_copy_bytes((struct bytes){start, (size_t)(parse->at - start)});
}

/* attributes:NAME, attributes.NAME = "…", attributes.NAME != "…" */
static struct filter *parse_attribute(struct parse *parse)
{
    bool has = take(parse, ":");
    if (!has && !take(parse, ".")) {
        fail(parse, "'.' or ':' after attributes");
        return NULL;
    }
    OWN(filter) struct filter *filter = node(has ? HAS : EQUALS, NULL, NULL);
    filter->name = take_name(parse);
    if (!filter->name || has)
        return filter->name ? move_ptr(&filter) : NULL;

    bool differs = take(parse, "!=");
    if (!differs && !take(parse, "=")) {
        fail(parse, "= or != after the attribute");
        return NULL;
    }
    filter->value = take_string(parse);
    if (!filter->value)
        return NULL;
    return differs ? node(NOT, move_ptr(&filter), NULL) : move_ptr(&filter);
}

/* hasPrefix(attributes.NAME, "…") */
static struct filter *parse_prefix(struct parse *parse)
{
    OWN(filter) struct filter *filter = node(STARTS, NULL, NULL);
    if (!take(parse, "(") || !take_word(parse, "attributes") || !take(parse, ".")) {
        fail(parse, "(attributes.NAME, \"…\") after hasPrefix");
        return NULL;
    }
    filter->name = take_name(parse);
    if (!filter->name)
        return NULL;
    if (!take(parse, ",")) {
        fail(parse, "a comma");
        return NULL;
    }
    filter->value = take_string(parse);
    if (!filter->value)
        return NULL;
    if (!take(parse, ")")) {
        fail(parse, "')'");
        return NULL;
    }
    return move_ptr(&filter);
}

static struct filter *parse_or_and(struct parse *parse);

static struct filter *parse_term(struct parse *parse)
{
    if (take_word(parse, "NOT") || take(parse, "-")) {
        struct filter *inner = parse_term(parse);
        return inner ? node(NOT, inner, NULL) : NULL;
    }
    if (take(parse, "(")) {
        OWN(filter) struct filter *inner = parse_or_and(parse);
        if (inner && !take(parse, ")")) {
            fail(parse, "')'");
            return NULL;
        }
        return move_ptr(&inner);
    }
    if (take_word(parse, "attributes"))
        return parse_attribute(parse);
    if (take_word(parse, "hasPrefix"))
        return parse_prefix(parse);
    fail(parse, "attributes, hasPrefix, NOT or '('");
    return NULL;
}

/* TERM, or terms joined by one of AND and OR. */
static struct filter *parse_or_and(struct parse *parse)
{
    OWN(filter) struct filter *left = parse_term(parse);
    const char *joint = NULL;
    while (left) {
        const char *word = take_word(parse, "AND") ? "AND" : take_word(parse, "OR") ? "OR" : NULL;
        if (!word)
            return move_ptr(&left);
        if (joint && !str_equal(joint, word)) {
            fail(parse, "parentheses where AND and OR meet");
            return NULL;
        }
        joint = word;
        struct filter *right = parse_term(parse);
        if (!right)
            return NULL;
        left = node(word[0] == 'A' ? AND : OR, left, right);
    }
    return NULL;
}

struct filter *filter_parse(const char *text, struct err *err)
{
    if (strlen(text) > MAX_FILTER_BYTES) {
        err_set(err, ERR_INPUT, "Invalid filter: %zu bytes, the maximum is %d", strlen(text),
                MAX_FILTER_BYTES);
        return NULL;
    }
    struct parse parse = {text, text, err};
    OWN(filter) struct filter *filter = parse_or_and(&parse);
    skip_space(&parse);
    if (filter && *parse.at) {
        fail(&parse, "AND, OR or the end");
        return NULL;
    }
    return move_ptr(&filter);
}

bool filter_matches(const struct filter *filter, const struct stored_message *message)
{
    switch (filter->op) {
    case HAS:
        return stored_message_attribute(message, filter->name) != NULL;
    case EQUALS:
        return str_equal(stored_message_attribute(message, filter->name), filter->value);
    case STARTS: {
        const char *value = stored_message_attribute(message, filter->name);
        return value && str_starts(value, filter->value);
    }
    case NOT:
        return !filter_matches(filter->left, message);
    case AND:
        return filter_matches(filter->left, message) && filter_matches(filter->right, message);
    case OR:
        return filter_matches(filter->left, message) || filter_matches(filter->right, message);
    }
    return false;
}
