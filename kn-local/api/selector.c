/* SPDX-License-Identifier: Apache-2.0 */
/* Label and field selectors of lists and watches. */
#include "kn-local/api/selector.h"

#include "base/json/json_at.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

enum { MAX_REQUIREMENTS = 64, MAX_VALUES = 256 };

static void skip_space(const char **next)
{
    while (**next == ' ')
        ++*next;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("-_./:%@", c) != NULL);
}

/* The next word, which may be empty; the caller frees. */
static char *word(const char **next)
{
    skip_space(next);
    const char *start = *next;
    while (is_word(**next))
        ++*next;
    char *text = str_copy_bytes((struct bytes){start, (size_t)(*next - start)});
    skip_space(next);
    return text;
}

static bool take(const char **next, const char *token)
{
    skip_space(next);
    if (!str_starts(*next, token))
        return false;
    *next += strlen(token);
    return true;
}

static void add_value(struct selector_requirement *out, char *value)
{
    out->values = alloc_resize(out->values, (out->value_count + 1) * sizeof(char *));
    out->values[out->value_count++] = value;
}

/* "(a, b)" */
static bool read_set(const char **next, struct selector_requirement *out)
{
    if (!take(next, "("))
        return false;
    do
        add_value(out, word(next));
    while (out->value_count < MAX_VALUES && take(next, ","));
    return take(next, ")");
}

static bool read_requirement(const char **next, struct selector_requirement *out)
{
    bool negated = take(next, "!");
    out->key = word(next);
    if (!*out->key)
        return false;
    out->op = negated ? SELECTOR_ABSENT : SELECTOR_EXISTS;
    if (negated || **next == ',' || **next == '\0')
        return true;
    if (take(next, "!=") || str_starts(*next, "notin"))
        out->op = SELECTOR_NOT_IN;
    else
        out->op = SELECTOR_IN;
    if (take(next, "notin") || take(next, "in"))
        return read_set(next, out);
    if (out->op == SELECTOR_IN && !take(next, "==") && !take(next, "="))
        return false;
    add_value(out, word(next));
    return true;
}

static bool read_all(const char *text, struct selector_requirement **list, size_t *count)
{
    const char *next = text;
    skip_space(&next);
    while (*next) {
        *list = alloc_resize(*list, (*count + 1) * sizeof(**list));
        (*list)[*count] = (struct selector_requirement){0};
        if (!read_requirement(&next, &(*list)[(*count)++]))
            return false;
        skip_space(&next);
        if (*next && (!take(&next, ",") || *count == MAX_REQUIREMENTS))
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

static bool is_met(const struct selector_requirement *requirement, const char *value)
{
    bool found = false;
    for (size_t i = 0; value && i < requirement->value_count; i++)
        found |= str_equal(requirement->values[i], value);
    switch (requirement->op) {
    case SELECTOR_IN:
        return found;
    case SELECTOR_NOT_IN:
        return !found;
    case SELECTOR_EXISTS:
        return value != NULL;
    case SELECTOR_ABSENT:
        return value == NULL;
    }
    return false;
}

/* The string at a path such as "involvedObject.name"; "" when there is none, as on a cluster. */
static const char *field_value(const json_t *object, const char *path)
{
    const char *text = json_text_at(object, path);
    return text ? text : "";
}

bool selector_matches(const struct selector *selector, const json_t *object)
{
    const json_t *labels = json_at(object, "metadata.labels");
    for (size_t i = 0; i < selector->label_count; i++)
        if (!is_met(&selector->labels[i],
                    json_string_value(json_object_get(labels, selector->labels[i].key))))
            return false;
    for (size_t i = 0; i < selector->field_count; i++)
        if (!is_met(&selector->fields[i], field_value(object, selector->fields[i].key)))
            return false;
    return true;
}
