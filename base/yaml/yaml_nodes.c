/* SPDX-License-Identifier: Apache-2.0 */
/* The positions of the nodes of a YAML text, from the marks of libyaml's events. */
#include "base/yaml/yaml_nodes.h"

#include "base/str.h"
#include "base/yaml/yaml.h"

#include <string.h>
#include <yaml.h>

struct reader {
    struct bytes text;
    struct yaml_nodes *nodes;
    struct yaml_node *last_node;
    struct yaml_node *parent; /* the map or list that is open */
    struct yaml_node *key;    /* without its value so far */
    size_t characters, bytes; /* the same position, in characters as libyaml counts, and in bytes */
};

static bool continues(struct bytes text, size_t i)
{
    return i < text.len && ((unsigned char)text.data[i] & 0xc0) == 0x80;
}

/* The byte of a mark, which libyaml counts in characters. Marks mostly go forward. */
static size_t offset(struct reader *reader, const yaml_mark_t *mark)
{
    for (; reader->characters < mark->index && reader->bytes < reader->text.len;
         reader->characters++)
        for (reader->bytes++; continues(reader->text, reader->bytes);)
            reader->bytes++;
    for (; reader->characters > mark->index && reader->bytes > 0; reader->characters--)
        for (reader->bytes--; reader->bytes > 0 && continues(reader->text, reader->bytes);)
            reader->bytes--;
    return reader->bytes;
}

/* The end without the line breaks that libyaml includes. */
static size_t end_of(struct reader *reader, const yaml_event_t *event, size_t start)
{
    size_t end = offset(reader, &event->end_mark);
    while (end > start && strchr(" \t\r\n", reader->text.data[end - 1]))
        end--;
    return end;
}

static struct yaml_node *new_node(struct reader *reader, enum yaml_node_type type,
                                  const yaml_event_t *event)
{
    struct yaml_node *node = alloc_zeroed(sizeof(*node));
    node->type = type;
    node->start = offset(reader, &event->start_mark);
    node->end = end_of(reader, event, node->start);
    node->line = event->start_mark.line + 1;
    *(reader->last_node ? &reader->last_node->following : &reader->nodes->all) = node;
    reader->last_node = node;
    return node;
}

static void append(struct yaml_node *parent, struct yaml_node *node)
{
    node->parent = parent;
    node->previous = parent->last;
    *(parent->last ? &parent->last->next : &parent->first) = node;
    parent->last = node;
}

/* Adds a node to the tree: as a key, a value or the root of a document. */
static bool add_node(struct reader *reader, struct yaml_node *node)
{
    struct yaml_nodes *nodes = reader->nodes;
    if (!reader->parent) {
        nodes->roots[nodes->count - 1] = node;
    } else if (reader->parent->type == YAML_NODE_MAPPING && !reader->key) {
        reader->key = node;
        return node->type == YAML_NODE_SCALAR;
    } else {
        node->key = reader->key;
        reader->key = NULL;
        append(reader->parent, node);
    }
    if (node->type == YAML_NODE_MAPPING || node->type == YAML_NODE_SEQUENCE)
        reader->parent = node;
    return true;
}

/* Ends a map or list; in block style at the end of its last node. */
static void leave(struct reader *reader, const yaml_event_t *event)
{
    struct yaml_node *node = reader->parent;
    if (node->flow)
        node->end = offset(reader, &event->end_mark);
    else if (node->last)
        node->end = node->last->end;
    reader->parent = node->parent;
}

static void begin(struct reader *reader, const yaml_event_t *event)
{
    struct yaml_nodes *nodes = reader->nodes;
    nodes->roots = alloc_resize(nodes->roots, (nodes->count + 1) * sizeof(*nodes->roots));
    nodes->starts = alloc_resize(nodes->starts, (nodes->count + 1) * sizeof(*nodes->starts));
    nodes->roots[nodes->count] = NULL;
    nodes->starts[nodes->count++] = offset(reader, &event->start_mark);
}

static bool take_text(struct reader *reader, const yaml_event_t *event)
{
    struct yaml_node *node = new_node(reader, YAML_NODE_SCALAR, event);
    node->text = str_copy((const char *)event->data.scalar.value);
    node->decorated = event->data.scalar.anchor || event->data.scalar.tag;
    return add_node(reader, node);
}

static bool take_map(struct reader *reader, const yaml_event_t *event)
{
    struct yaml_node *node = new_node(reader, YAML_NODE_MAPPING, event);
    node->flow = event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
    node->decorated = event->data.mapping_start.anchor || event->data.mapping_start.tag;
    return add_node(reader, node);
}

static bool take_list(struct reader *reader, const yaml_event_t *event)
{
    struct yaml_node *node = new_node(reader, YAML_NODE_SEQUENCE, event);
    node->flow = event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    node->decorated = event->data.sequence_start.anchor || event->data.sequence_start.tag;
    return add_node(reader, node);
}

static bool take(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        begin(reader, event);
        return true;
    case YAML_SCALAR_EVENT:
        return take_text(reader, event);
    case YAML_ALIAS_EVENT:
        return add_node(reader, new_node(reader, YAML_NODE_ALIAS, event));
    case YAML_MAPPING_START_EVENT:
        return take_map(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return take_list(reader, event);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        leave(reader, event);
        return true;
    default:
        return true;
    }
}

static bool read_all(struct reader *reader, yaml_parser_t *parser)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return false;
        more = event.type != YAML_STREAM_END_EVENT;
        bool taken = take(reader, &event);
        yaml_event_delete(&event);
        if (!taken)
            return false;
    }
    return true;
}

bool yaml_nodes_read(struct bytes text, struct yaml_nodes *nodes)
{
    *nodes = (struct yaml_nodes){0};
    size_t mark = yaml_bom_len(text);
    struct reader reader = {.text = text, .nodes = nodes, .bytes = mark};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const yaml_char_t *)(text.len ? text.data + mark : ""),
                                 text.len - mark);
    bool read = read_all(&reader, &parser);
    yaml_parser_delete(&parser);
    return read;
}

void yaml_nodes_done(struct yaml_nodes *nodes)
{
    for (struct yaml_node *node = nodes->all; node;) {
        struct yaml_node *following = node->following;
        free(node->text);
        free(node);
        node = following;
    }
    free(nodes->roots);
    free(nodes->starts);
    *nodes = (struct yaml_nodes){0};
}

static struct yaml_node *member(const struct yaml_node *map, const char *name, size_t len)
{
    for (struct yaml_node *node = map->first; node; node = node->next)
        if (map->type == YAML_NODE_MAPPING && strlen(node->key->text) == len &&
            memcmp(node->key->text, name, len) == 0)
            return node;
    return NULL;
}

static struct yaml_node *item(const struct yaml_node *list, size_t index)
{
    struct yaml_node *node = list->type == YAML_NODE_SEQUENCE ? list->first : NULL;
    for (; node && index > 0; index--)
        node = node->next;
    return node;
}

struct yaml_node *yaml_node_at(struct yaml_node *root, const char *path)
{
    struct yaml_node *node = root;
    while (node && *path) {
        path += *path == '.';
        size_t len = strcspn(path, ".[");
        if (len > 0)
            node = member(node, path, len);
        path += len;
        if (node && *path == '[') {
            node = item(node, strtoul(path + 1, NULL, 10));
            path = strchr(path, ']') + 1;
        }
    }
    return node;
}
