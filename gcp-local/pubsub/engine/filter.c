/* SPDX-License-Identifier: Apache-2.0 */
/* The filter language of subscriptions: parsed into a tree, which is walked for each message. */
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

struct parser {
    const char *text, *position;
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

/* Returns NULL. */
static void *fail(struct parser *parser, const char *expected)
{
    if (!parser->err->status)
        err_set(parser->err, ERR_INPUT, "Invalid filter: expected %s at byte %zu of `%s`", expected,
                (size_t)(parser->position - parser->text), parser->text);
    return NULL;
}

static void skip_space(struct parser *parser)
{
    while (*parser->position && strchr(" \t\r\n", *parser->position))
        parser->position++;
}

static bool take(struct parser *parser, const char *symbol)
{
    skip_space(parser);
    if (!str_starts(parser->position, symbol))
        return false;
    parser->position += strlen(symbol);
    return true;
}

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* A word that is not part of a longer one. */
static bool take_word(struct parser *parser, const char *word)
{
    skip_space(parser);
    if (!str_starts(parser->position, word) || in_name(parser->position[strlen(word)]))
        return false;
    parser->position += strlen(word);
    return true;
}

/* Appends a code point as UTF-8. False for surrogates and what is not Unicode. */
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
static bool take_hex(struct parser *parser, size_t digits, struct buf *out)
{
    char hex[9] = {0};
    for (size_t i = 0; i < digits; i++) {
        if (!isxdigit((unsigned char)parser->position[0]))
            return false;
        hex[i] = *parser->position++;
    }
    return add_point(out, strtoul(hex, NULL, 16));
}

static bool take_escape(struct parser *parser, struct buf *out)
{
    static const char names[] = "abfnrtv\\\"'`?", values[] = "\a\b\f\n\r\t\v\\\"'`?";
    char c = *parser->position;
    if (c == '\0')
        return false;
    parser->position++;
    if (c == 'x' || c == 'u' || c == 'U')
        return take_hex(parser, c == 'x' ? 2 : c == 'u' ? 4 : 8, out);
    const char *name = strchr(names, c);
    return name && buf_add(out, values + (name - names), 1);
}

static char *take_string(struct parser *parser)
{
    if (!take(parser, "\""))
        return fail(parser, "a string in double quotes");
    OWN(buf) struct buf out = {0};
    while (*parser->position != '"') {
        bool ok;
        if (*parser->position == '\\') {
            parser->position++;
            ok = take_escape(parser, &out);
        } else {
            ok = *parser->position != '\0' && buf_add(&out, parser->position, 1);
            parser->position += ok;
        }
        if (!ok)
            return fail(parser, "the end of a string in double quotes");
    }
    parser->position++;
    return buf_take(&out);
}

static char *take_name(struct parser *parser)
{
    skip_space(parser);
    if (*parser->position == '"')
        return take_string(parser);
    const char *start = parser->position;
    if (isalpha((unsigned char)*start) || *start == '_')
        while (in_name(*parser->position))
            parser->position++;
    if (parser->position == start)
        return fail(parser, "an attribute's name");
    return str_copy_bytes((struct bytes){start, (size_t)(parser->position - start)});
}

/* attributes:NAME, attributes.NAME = "…", attributes.NAME != "…" */
static struct filter *parse_attribute(struct parser *parser)
{
    bool has = take(parser, ":");
    if (!has && !take(parser, "."))
        return fail(parser, "'.' or ':' after attributes");
    OWN(filter) struct filter *filter = node(has ? HAS : EQUALS, NULL, NULL);
    filter->name = take_name(parser);
    if (!filter->name || has)
        return filter->name ? move_ptr(&filter) : NULL;

    bool differs = take(parser, "!=");
    if (!differs && !take(parser, "="))
        return fail(parser, "= or != after the attribute");
    filter->value = take_string(parser);
    if (!filter->value)
        return NULL;
    return differs ? node(NOT, move_ptr(&filter), NULL) : move_ptr(&filter);
}

/* hasPrefix(attributes.NAME, "…") */
static struct filter *parse_prefix(struct parser *parser)
{
    OWN(filter) struct filter *filter = node(STARTS, NULL, NULL);
    if (!take(parser, "(") || !take_word(parser, "attributes") || !take(parser, "."))
        return fail(parser, "(attributes.NAME, \"…\") after hasPrefix");
    filter->name = take_name(parser);
    if (!filter->name)
        return NULL;
    if (!take(parser, ","))
        return fail(parser, "a comma");
    filter->value = take_string(parser);
    if (!filter->value)
        return NULL;
    if (!take(parser, ")"))
        return fail(parser, "')'");
    return move_ptr(&filter);
}

static struct filter *parse_or_and(struct parser *parser);

static struct filter *parse_term(struct parser *parser)
{
    if (take_word(parser, "NOT") || take(parser, "-")) {
        struct filter *inner = parse_term(parser);
        return inner ? node(NOT, inner, NULL) : NULL;
    }
    if (take(parser, "(")) {
        OWN(filter) struct filter *inner = parse_or_and(parser);
        if (inner && !take(parser, ")"))
            return fail(parser, "')'");
        return move_ptr(&inner);
    }
    if (take_word(parser, "attributes"))
        return parse_attribute(parser);
    if (take_word(parser, "hasPrefix"))
        return parse_prefix(parser);
    return fail(parser, "attributes, hasPrefix, NOT or '('");
}

/* TERM, or terms joined by one of AND and OR. */
static struct filter *parse_or_and(struct parser *parser)
{
    OWN(filter) struct filter *left = parse_term(parser);
    const char *connective = NULL;
    while (left) {
        const char *word = take_word(parser, "AND") ? "AND" : take_word(parser, "OR") ? "OR" : NULL;
        if (!word)
            return move_ptr(&left);
        if (connective && !str_equal(connective, word))
            return fail(parser, "parentheses where AND and OR meet");
        connective = word;
        struct filter *right = parse_term(parser);
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
    struct parser parser = {text, text, err};
    OWN(filter) struct filter *filter = parse_or_and(&parser);
    skip_space(&parser);
    if (filter && *parser.position)
        return fail(&parser, "AND, OR or the end");
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
