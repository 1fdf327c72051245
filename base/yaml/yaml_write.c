/* SPDX-License-Identifier: Apache-2.0 */
/* JSON trees become YAML: libyaml's emitter, one function for each kind of node. */
#include "base/str.h"
#include "base/yaml/yaml.h"
#include "base/yaml/yaml_scalar.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { NO_FOLDING = -1 };

static int append(void *context, unsigned char *data, size_t size)
{
    return buf_add(context, data, size);
}

/* Only memory can be wanting: the events below are in order. */
static void emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
    if (!yaml_emitter_emit(emitter, event))
        abort();
}

static void write_scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
    yaml_event_t event;
    yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text),
                                 1, 1, style);
    emit(emitter, &event);
}

/* What YAML 1.1 takes for a number, a time or a truth, though 1.2 does not: 0b1, 1_000, 12:30,
 * 2026-11-22, yes. Whatever could be a number is put into quotes. */
static bool is_plain(const char *text)
{
    static const char *const truths[] = {"y",   "n",    "yes",   "no",  "on",
                                         "off", "true", "false", "null"};
    for (size_t i = 0; i < ARRAY_SIZE(truths); i++)
        if (str_equal_any_case(text, truths[i]))
            return false;
    if (*text == '\0' || strchr("0123456789+-.~=<", *text))
        return false;
    json_auto_t *read = yaml_scalar_to_json(text);
    return json_is_string(read);
}

static void write_text(yaml_emitter_t *emitter, const char *text)
{
    yaml_scalar_style_t style = YAML_PLAIN_SCALAR_STYLE;
    if (strchr(text, '\n') && *text != ' ' &&
        *text != '\n') /* else the lines would need a number */
        style = YAML_LITERAL_SCALAR_STYLE;
    else if (strchr(text, '\n') || !is_plain(text))
        style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    write_scalar(emitter, text, style);
}

static void write_value(yaml_emitter_t *emitter, const json_t *value);

static void write_list(yaml_emitter_t *emitter, const json_t *list)
{
    yaml_event_t event;
    yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE);
    emit(emitter, &event);
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item)
    {
        write_value(emitter, item);
    }
    yaml_sequence_end_event_initialize(&event);
    emit(emitter, &event);
}

static void write_map(yaml_emitter_t *emitter, const json_t *map)
{
    yaml_event_t event;
    yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
    emit(emitter, &event);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)map, key, value)
    {
        write_scalar(emitter, key,
                     is_plain(key) ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
        write_value(emitter, value);
    }
    yaml_mapping_end_event_initialize(&event);
    emit(emitter, &event);
}

static void write_value(yaml_emitter_t *emitter, const json_t *value)
{
    if (json_is_object(value)) {
        write_map(emitter, value);
    } else if (json_is_array(value)) {
        write_list(emitter, value);
    } else if (json_is_string(value)) {
        write_text(emitter, json_string_value(value));
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        write_scalar(emitter, text, YAML_PLAIN_SCALAR_STYLE);
        free(text);
    }
}

void yaml_write(const json_t *tree, struct buf *out)
{
    yaml_emitter_t emitter;
    yaml_event_t event;
    if (!yaml_emitter_initialize(&emitter))
        abort();
    yaml_emitter_set_output(&emitter, append, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, NO_FOLDING);
    yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
    emit(&emitter, &event);
    yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
    emit(&emitter, &event);
    write_value(&emitter, tree);
    yaml_document_end_event_initialize(&event, 1);
    emit(&emitter, &event);
    yaml_stream_end_event_initialize(&event);
    emit(&emitter, &event);
    yaml_emitter_delete(&emitter);
}
