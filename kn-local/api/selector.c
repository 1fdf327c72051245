/* SPDX-License-Identifier: Apache-2.0 */
/* Label and field selectors: which objects a list or watch is about. */
#include "kn-local/api/selector.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

enum { MAX_REQUIREMENTS = 64, MAX_VALUES = 256 };

static void skip_space(const char **at)
{
    while (**at == ' ')
        ++*at;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("-_./:%@", c) != NULL);
}

/* The next word, which may be empty; the caller frees. */
static char *word(const char **at)
{
    skip_space(at);
    const char *start = *at;
    while (is_word(**at))
        ++*at;
    char *text = str_copy_bytes((struct bytes){start, (size_t)(*at - start)});
    skip_space(at);
    return text;
}

static bool take(const char **at, const char *token)
{
    skip_space(at);
    if (!str_starts(*at, token))
        return false;
    *at += strlen(token);
    return true;
}

static void add_value(struct selector_requirement *to, char *value)
{
    to->values = alloc_resize(to->values, (to->value_count + 1) * sizeof(char *));
    to->values[to->value_count++] = value;
}

/* "(a, b)" */
static bool read_set(const char **at, struct selector_requirement *out)
{
    if (!take(at, "("))
        return false;
    do
        add_value(out, word(at));
    while (out->value_count < MAX_VALUES && take(at, ","));
    return take(at, ")");
}

static bool read_requirement(const char **at, struct selector_requirement *out)
{
    bool negated = take(at, "!");
    out->key = word(at);
    if (!*out->key)
        return false;
    out->op = negated ? SELECTOR_ABSENT : SELECTOR_EXISTS;
    if (negated || **at == ',' || **at == '\0')
        return true;
    if (take(at, "!=") || str_starts(*at, "notin"))
        out->op = SELECTOR_NOT_IN;
    else
        out->op = SELECTOR_IN;
    if (take(at, "notin") || take(at, "in"))
        return read_set(at, out);
    if (out->op == SELECTOR_IN && !take(at, "==") && !take(at, "="))
        return false;
    add_value(out, word(at));
    return true;
}

static bool read_all(const char *text, struct selector_requirement **list, size_t *count)
{
    const char *at = text;
    skip_space(&at);
    while (*at) {
        *list = alloc_resize(*list, (*count + 1) * sizeof(**list));
        (*list)[*count] = (struct selector_requirement){0};
        if (!read_requirement(&at, &(*list)[(*count)++]))
            return false;
        skip_space(&at);
        if (*at && (!take(&at, ",") || *count == MAX_REQUIREMENTS))
            return false;
    }
    return true;
}

bool selector_parse(const char *labels, const char *fields, struct selector *selector,
                    struct err *err)
{
    *selector = (struct selector){0};
    if (labels && !read_all(labels, &selector->labels, &selector->label_count))
        return err_set(err, ERR_INPUT, "unable to parse label selector \"%.100s\"", labels);
    if (fields && !read_all(fields, &selector->fields, &selector->field_count))
        return err_set(err, ERR_INPUT, "unable to parse field selector \"%.100s\"", fields);
    return true;
}

static void list_done(struct selector_requirement *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < list[i].value_count; j++)
            free(list[i].values[j]);
        free(list[i].values);
        free(list[i].key);
    }
    free(list);
}

void selector_done(struct selector *selector)
{
    list_done(selector->labels, selector->label_count);
    list_done(selector->fields, selector->field_count);
    *selector = (struct selector){0};
}

static bool holds(const struct selector_requirement *requirement, const char *value)
{
    bool among = false;
    for (size_t i = 0; value && i < requirement->value_count; i++)
        among |= str_equal(requirement->values[i], value);
    switch (requirement->op) {
    case SELECTOR_IN:
        return among;
    case SELECTOR_NOT_IN:
        return !among;
    case SELECTOR_EXISTS:
        return value != NULL;
    case SELECTOR_ABSENT:
        return value == NULL;
    }
    return false;
}

/* The text at "involvedObject.name"; "" when there is none, as on a cluster. */
static const char *field_value(const json_t *object, const char *path)
{
    while (object) {
        size_t len = strcspn(path, ".");
        OWN(free) char *key = str_copy_bytes((struct bytes){path, len});
        object = json_object_get(object, key);
        if (path[len] == '\0')
            break;
        path += len + 1;
    }
    const char *text = json_string_value(object);
    return text ? text : "";
}

bool selector_matches(const struct selector *selector, const json_t *object)
{
    const json_t *labels = json_object_get(json_object_get(object, "metadata"), "labels");
    for (size_t i = 0; i < selector->label_count; i++)
        if (!holds(&selector->labels[i],
                   json_string_value(json_object_get(labels, selector->labels[i].key))))
            return false;
    for (size_t i = 0; i < selector->field_count; i++)
        if (!holds(&selector->fields[i], field_value(object, selector->fields[i].key)))
            return false;
    return true;
}
