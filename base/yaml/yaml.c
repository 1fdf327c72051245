/* SPDX-License-Identifier: Apache-2.0 */
/* Reads YAML as JSON trees: libyaml's events, one function for each kind of node. */
#include "base/yaml/yaml.h"

#include "base/str.h"
#include "base/yaml/yaml_scalar.h"

#include <stdint.h>
#include <string.h>
#include <uthash.h>
#include <yaml.h>

enum {
    MAX_DEPTH = 100,
    MAX_VALUES = 200000,
    MAX_PATH = 1024,
};

struct yaml_mark {
    char *path;
    size_t line;
    UT_hash_handle hh;
};

/* A value that aliases can repeat. */
struct anchor {
    char *name;
    json_t *value;
    size_t values; /* it and all in it */
    UT_hash_handle hh;
};

struct reader {
    yaml_parser_t parser;
    struct bytes text;
    const char *what;
    struct yaml_doc *doc;
    struct anchor *anchors;
    size_t values;
    unsigned level;
    char path[MAX_PATH];
    struct err *err;
};

static void own_event(yaml_event_t *local)
{
    yaml_event_delete(local);
}

static json_t *fail(struct reader *reader, size_t line, const char *message, const char *name)
{
    err_set(reader->err, ERR_INPUT, "%s:%zu: %s%s%.80s", reader->what, line, message,
            *name ? " " : "", name);
    return NULL;
}

static size_t line_of(const yaml_event_t *event)
{
    return event->start_mark.line + 1;
}

/* libyaml's marks count characters, so the line is looked up by number. */
static bool line_opens_with_tab(struct bytes text, size_t line)
{
    const char *c = text.data;
    const char *end = text.data + text.len;
    for (size_t i = 1; c && c < end && i < line; i++) {
        c = memchr(c, '\n', (size_t)(end - c));
        c = c ? c + 1 : NULL;
    }
    while (c && c < end && *c == ' ')
        c++;
    return c && c < end && *c == '\t';
}

static size_t line_of_offset(struct bytes text, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < offset && i < text.len; i++)
        line += text.data[i] == '\n';
    return line;
}

static void fail_parse(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem ? parser->problem : "cannot be read";
    size_t line = parser->problem_mark.line + 1;
    if (parser->error == YAML_READER_ERROR)
        line = line_of_offset(reader->text, parser->problem_offset);
    if (line_opens_with_tab(reader->text, line))
        problem = "is indented with a tab; use spaces";
    else if (parser->error == YAML_READER_ERROR)
        problem = "has a character that YAML does not allow, or is not valid UTF-8";
    fail(reader, line, problem, "");
}

static bool next(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    fail_parse(reader);
    *event = (yaml_event_t){0};
    return false;
}

static void mark(struct reader *reader, size_t line)
{
    struct yaml_mark *known = NULL;
    HASH_FIND_STR(reader->doc->marks, reader->path, known);
    if (known)
        return;
    struct yaml_mark *new = alloc_zeroed(sizeof(*new));
    new->path = str_copy(reader->path);
    new->line = line;
    HASH_ADD_KEYPTR(hh, reader->doc->marks, new->path, strlen(new->path), new);
}

/* Appends a step to the path, unless it gets too long, and returns its length before. */
static size_t enter(struct reader *reader, const char *key, size_t index)
{
    size_t before = strlen(reader->path);
    char *end = reader->path + before;
    size_t room = sizeof(reader->path) - before;
    int len =
        key ? snprintf(end, room, before ? ".%s" : "%s", key) : snprintf(end, room, "[%zu]", index);
    if (len < 0 || (size_t)len >= room)
        *end = '\0';
    return before;
}

static void leave(struct reader *reader, size_t before)
{
    reader->path[before] = '\0';
}

size_t yaml_line(const struct yaml_doc *doc, const char *path)
{
    OWN(free) char *part = str_copy(path);
    for (;;) {
        struct yaml_mark *found = NULL;
        HASH_FIND_STR(doc->marks, part, found);
        if (found)
            return found->line;
        char *dot = strrchr(part, '.');
        char *bracket = strrchr(part, '[');
        char *cut = bracket > dot ? bracket : dot;
        if (!cut)
            return doc->line;
        *cut = '\0';
    }
}

static json_t *read_value(struct reader *reader, const yaml_event_t *event);

static bool count_values(struct reader *reader, size_t line, size_t more)
{
    reader->values += more;
    return reader->values <= MAX_VALUES ||
           fail(reader, line, "has too many values, or aliases that repeat too many", "");
}

static bool is_tag(const yaml_char_t *tag, const char *name)
{
    return tag && str_equal((const char *)tag, name);
}

static json_t *read_scalar(struct reader *reader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    const yaml_char_t *tag = event->data.scalar.tag;
    if (strlen(text) != event->data.scalar.length)
        return fail(reader, line_of(event), "has a NUL character", "");
    if (is_tag(tag, YAML_STR_TAG) || (!tag && event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE))
        return json_string(text);
    if (tag && !is_tag(tag, YAML_INT_TAG) && !is_tag(tag, YAML_FLOAT_TAG) &&
        !is_tag(tag, YAML_BOOL_TAG) && !is_tag(tag, YAML_NULL_TAG))
        return fail(reader, line_of(event), "has an unknown tag:", (const char *)tag);
    json_t *value = yaml_scalar_to_json(text);
    return value ? value
                 : fail(reader, line_of(event), "is a number that JSON cannot represent:", text);
}

static json_t *read_alias(struct reader *reader, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct anchor *anchor = NULL;
    HASH_FIND_STR(reader->anchors, name, anchor);
    if (!anchor)
        return fail(reader, line_of(event), "is an alias of an unknown anchor:", name);
    if (!count_values(reader, line_of(event), anchor->values))
        return NULL;
    return json_deep_copy(anchor->value);
}

static json_t *read_list(struct reader *reader, const yaml_event_t *start)
{
    (void)start;
    json_auto_t *list = json_array();
    for (;;) {
        OWN(event) yaml_event_t event = {0};
        if (!next(reader, &event))
            return NULL;
        if (event.type == YAML_SEQUENCE_END_EVENT)
            return move_ptr(&list);
        size_t before = enter(reader, NULL, json_array_size(list));
        mark(reader, line_of(&event));
        json_t *item = read_value(reader, &event);
        leave(reader, before);
        if (!item)
            return NULL;
        json_array_append_new(list, item);
    }
}

/* Adds the members of a merge key ("<<") that the map itself does not have. */
static bool merge(struct reader *reader, json_t *map, const json_t *from, size_t line)
{
    if (json_is_object(from))
        return json_object_update_missing(map, (json_t *)from) == 0;
    size_t index;
    json_t *item;
    json_array_foreach(from, index, item)
    {
        if (!json_is_object(item))
            break;
        json_object_update_missing(map, item);
    }
    return (json_is_array(from) && index == json_array_size(from)) ||
           fail(reader, line, "<< must be a map or a list of maps", "");
}

static bool read_member(struct reader *reader, json_t *map, const yaml_event_t *key,
                        json_t **merged)
{
    if (key->type != YAML_SCALAR_EVENT)
        return fail(reader, line_of(key), "a key must be a string", "");
    const char *name = (const char *)key->data.scalar.value;
    if (strlen(name) != key->data.scalar.length)
        return fail(reader, line_of(key), "has a NUL character", "");
    if (json_object_get(map, name))
        return fail(reader, line_of(key), "duplicate key", name);
    size_t before = enter(reader, name, 0);
    mark(reader, line_of(key));
    OWN(event) yaml_event_t event = {0};
    json_t *value = next(reader, &event) ? read_value(reader, &event) : NULL;
    leave(reader, before);
    if (!value)
        return false;
    if (str_equal(name, "<<") && key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        json_decref(*merged);
        *merged = value;
        return true;
    }
    json_object_set_new(map, name, value);
    return true;
}

static json_t *read_map(struct reader *reader, const yaml_event_t *start)
{
    json_auto_t *map = json_object();
    json_auto_t *merged = NULL;
    for (;;) {
        OWN(event) yaml_event_t event = {0};
        if (!next(reader, &event))
            return NULL;
        if (event.type == YAML_MAPPING_END_EVENT)
            break;
        if (!read_member(reader, map, &event, &merged))
            return NULL;
    }
    if (merged && !merge(reader, map, merged, line_of(start)))
        return NULL;
    return move_ptr(&map);
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor;
    default:
        return NULL;
    }
}

/* A later anchor replaces an earlier one of the same name. */
static void add_anchor(struct reader *reader, const char *name, json_t *value, size_t values)
{
    struct anchor *anchor = NULL;
    HASH_FIND_STR(reader->anchors, name, anchor);
    if (!anchor) {
        anchor = alloc_zeroed(sizeof(*anchor));
        anchor->name = str_copy(name);
        HASH_ADD_KEYPTR(hh, reader->anchors, anchor->name, strlen(anchor->name), anchor);
    }
    json_decref(anchor->value);
    anchor->value = json_incref(value);
    anchor->values = values;
}

static json_t *read_node(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(reader, event);
    case YAML_ALIAS_EVENT:
        return read_alias(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return read_list(reader, event);
    case YAML_MAPPING_START_EVENT:
        return read_map(reader, event);
    default:
        return fail(reader, line_of(event), "ends in the middle of a value", "");
    }
}

static json_t *read_value(struct reader *reader, const yaml_event_t *event)
{
    size_t first = reader->values;
    if (!count_values(reader, line_of(event), 1))
        return NULL;
    if (reader->level == MAX_DEPTH)
        return fail(reader, line_of(event), "is nested too deeply", "");
    reader->level++;
    json_t *value = read_node(reader, event);
    reader->level--;
    const yaml_char_t *anchor = anchor_of(event);
    if (value && anchor)
        add_anchor(reader, (const char *)anchor, value, reader->values - first);
    return value;
}

static void free_anchors(struct reader *reader)
{
    struct anchor *anchor = NULL;
    struct anchor *following = NULL;
    HASH_ITER(hh, reader->anchors, anchor, following)
    {
        HASH_DEL(reader->anchors, anchor);
        json_decref(anchor->value);
        free(anchor->name);
        free(anchor);
    }
}

static void doc_done(struct yaml_doc *doc)
{
    struct yaml_mark *mark = NULL;
    struct yaml_mark *following = NULL;
    HASH_ITER(hh, doc->marks, mark, following)
    {
        HASH_DEL(doc->marks, mark);
        free(mark->path);
        free(mark);
    }
    json_decref(doc->tree);
    *doc = (struct yaml_doc){0};
}

static bool read_doc(struct reader *reader, struct yaml_doc *doc)
{
    OWN(event) yaml_event_t event = {0};
    OWN(event) yaml_event_t end = {0};
    reader->doc = doc;
    if (!next(reader, &event))
        return false;
    doc->line = line_of(&event);
    doc->tree = read_value(reader, &event);
    free_anchors(reader);
    return doc->tree && next(reader, &end);
}

static bool read_docs(struct reader *reader, struct yaml_docs *docs)
{
    for (;;) {
        OWN(event) yaml_event_t event = {0};
        if (!next(reader, &event))
            return false;
        if (event.type == YAML_STREAM_END_EVENT)
            return true;
        if (event.type != YAML_DOCUMENT_START_EVENT)
            continue;
        docs->list = alloc_resize(docs->list, (docs->count + 1) * sizeof(*docs->list));
        docs->list[docs->count] = (struct yaml_doc){0};
        if (!read_doc(reader, &docs->list[docs->count])) {
            doc_done(&docs->list[docs->count]);
            return false;
        }
        docs->count++;
    }
}

size_t yaml_bom_len(struct bytes text)
{
    return text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

bool yaml_read(struct bytes text, const char *what, struct yaml_docs *docs, struct err *err)
{
    *docs = (struct yaml_docs){0};
    size_t mark = yaml_bom_len(text);
    text = (struct bytes){text.len ? text.data + mark : "", text.len - mark};
    struct reader reader = {.text = text, .what = what, .err = err};
    if (!yaml_parser_initialize(&reader.parser))
        abort();
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const yaml_char_t *)text.data, text.len);
    bool read = read_docs(&reader, docs);
    free_anchors(&reader);
    yaml_parser_delete(&reader.parser);
    return read;
}

void yaml_docs_done(struct yaml_docs *docs)
{
    for (size_t i = 0; i < docs->count; i++)
        doc_done(&docs->list[i]);
    free(docs->list);
    *docs = (struct yaml_docs){0};
}
