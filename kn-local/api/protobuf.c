/* SPDX-License-Identifier: Apache-2.0 */
/* Kubernetes' protobuf, as far as kubectl needs it: a decoder driven by tables of fields.
 * Format: k8s.io/apimachinery/pkg/runtime/generated.proto (Unknown), meta/v1 and core/v1. */
#include "kn-local/api/protobuf.h"

#include "base/base64.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LEN = 2, WIRE_32 = 5 };

enum protobuf_type {
    PROTOBUF_STRING,
    PROTOBUF_STRINGS, /* repeated string */
    PROTOBUF_BOOL,
    PROTOBUF_MESSAGE,
    PROTOBUF_STRING_MAP, /* map<string, string> */
    PROTOBUF_BYTES_MAP,  /* map<string, bytes>: base64 in JSON */
    PROTOBUF_TIME,
};

/* One field of a message; a table ends with number 0. Fields that are not in it are skipped. */
struct protobuf_field {
    unsigned number;
    const char *name;
    enum protobuf_type type;
    const struct protobuf_field *fields;
};

static const struct protobuf_field object_meta[] = {
    {1, "name", PROTOBUF_STRING, NULL},
    {2, "generateName", PROTOBUF_STRING, NULL},
    {3, "namespace", PROTOBUF_STRING, NULL},
    {5, "uid", PROTOBUF_STRING, NULL},
    {6, "resourceVersion", PROTOBUF_STRING, NULL},
    {8, "creationTimestamp", PROTOBUF_TIME, NULL},
    {11, "labels", PROTOBUF_STRING_MAP, NULL},
    {12, "annotations", PROTOBUF_STRING_MAP, NULL},
    {14, "finalizers", PROTOBUF_STRINGS, NULL},
    {0},
};
static const struct protobuf_field secret[] = {
    {1, "metadata", PROTOBUF_MESSAGE, object_meta},
    {2, "data", PROTOBUF_BYTES_MAP, NULL},
    {3, "type", PROTOBUF_STRING, NULL},
    {4, "stringData", PROTOBUF_STRING_MAP, NULL},
    {5, "immutable", PROTOBUF_BOOL, NULL},
    {0},
};
static const struct protobuf_field config_map[] = {
    {1, "metadata", PROTOBUF_MESSAGE, object_meta},
    {2, "data", PROTOBUF_STRING_MAP, NULL},
    {3, "binaryData", PROTOBUF_BYTES_MAP, NULL},
    {4, "immutable", PROTOBUF_BOOL, NULL},
    {0},
};
static const struct protobuf_field only_meta[] = {{1, "metadata", PROTOBUF_MESSAGE, object_meta},
                                                  {0}};
static const struct protobuf_field type_meta[] = {
    {1, "apiVersion", PROTOBUF_STRING, NULL}, {2, "kind", PROTOBUF_STRING, NULL}, {0}};

static const struct {
    const char *kind;
    const struct protobuf_field *fields;
} kinds[] = {
    {"Secret", secret},
    {"ConfigMap", config_map},
    {"Namespace", only_meta},
    {"ServiceAccount", only_meta},
};

/* A field as it is on the wire. */
struct item {
    unsigned number;
    enum wire_type wire;
    uint64_t number_value;
    struct bytes bytes;
};

static bool read_varint(struct bytes *input, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && input->len; shift += 7) {
        unsigned char byte = (unsigned char)*input->data;
        input->data++;
        input->len--;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

static bool take(struct bytes *input, uint64_t len, struct bytes *out)
{
    if (len > input->len)
        return false;
    *out = (struct bytes){input->data, (size_t)len};
    input->data += len;
    input->len -= (size_t)len;
    return true;
}

static bool next(struct bytes *input, struct item *item)
{
    uint64_t tag = 0;
    uint64_t len = 0;
    if (!read_varint(input, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX)
        return false;
    *item = (struct item){.number = (unsigned)(tag >> 3), .wire = (enum wire_type)(tag & 7)};
    switch (item->wire) {
    case WIRE_VARINT:
        return read_varint(input, &item->number_value);
    case WIRE_64:
        return take(input, 8, &item->bytes);
    case WIRE_32:
        return take(input, 4, &item->bytes);
    case WIRE_LEN:
        return read_varint(input, &len) && take(input, len, &item->bytes);
    }
    return false;
}

/* The first field of a number in a message. */
static bool find(struct bytes message, unsigned number, struct item *item)
{
    while (message.len && next(&message, item))
        if (item->number == number)
            return true;
    return false;
}

static json_t *read_message(struct bytes message, const struct protobuf_field *fields);

static json_t *read_string(struct bytes bytes)
{
    return json_stringn(bytes.len ? bytes.data : "",
                        bytes.len); /* NULL when it is not valid UTF-8 */
}

static json_t *read_time(struct bytes message)
{
    struct item seconds = {0};
    char text[TIMESTAMP_SIZE];
    if (!find(message, 1, &seconds) || seconds.number_value > 9000000000)
        return json_null();
    timestamp_format((int64_t)seconds.number_value * NS_PER_SEC, text);
    return json_string(text);
}

static bool add_entry(json_t *object, const char *name, struct bytes entry, bool encode)
{
    struct item key = {0};
    struct item value = {0};
    if (!find(entry, 1, &key))
        return false;
    find(entry, 2, &value); /* an empty value is omitted */
    OWN(free) char *text = str_copy_bytes(key.bytes);
    OWN(free) char *encoded = encode ? base64_encode(value.bytes) : NULL;
    json_t *map = json_object_get(object, name);
    if (!map) {
        map = json_object();
        json_object_set_new(object, name, map);
    }
    return json_object_set_new(map, text,
                               encode ? json_string(encoded) : read_string(value.bytes)) == 0;
}

static bool add_string(json_t *object, const char *name, struct bytes bytes)
{
    json_t *list = json_object_get(object, name);
    if (!list) {
        list = json_array();
        json_object_set_new(object, name, list);
    }
    return json_array_append_new(list, read_string(bytes)) == 0;
}

static bool add(json_t *object, const struct protobuf_field *field, const struct item *item)
{
    if ((item->wire == WIRE_VARINT) != (field->type == PROTOBUF_BOOL))
        return false;
    switch (field->type) {
    case PROTOBUF_STRING:
        return item->bytes.len == 0 || /* the default */
               json_object_set_new(object, field->name, read_string(item->bytes)) == 0;
    case PROTOBUF_STRINGS:
        return add_string(object, field->name, item->bytes);
    case PROTOBUF_BOOL:
        return json_object_set_new(object, field->name, json_boolean(item->number_value)) == 0;
    case PROTOBUF_MESSAGE:
        return json_object_set_new(object, field->name, read_message(item->bytes, field->fields)) ==
               0;
    case PROTOBUF_STRING_MAP:
    case PROTOBUF_BYTES_MAP:
        return add_entry(object, field->name, item->bytes, field->type == PROTOBUF_BYTES_MAP);
    case PROTOBUF_TIME:
        return json_object_set_new(object, field->name, read_time(item->bytes)) == 0;
    }
    return false;
}

static json_t *read_message(struct bytes message, const struct protobuf_field *fields)
{
    json_auto_t *object = json_object();
    while (message.len) {
        struct item item = {0};
        if (!next(&message, &item))
            return NULL;
        const struct protobuf_field *field = fields;
        while (field->number && field->number != item.number)
            field++;
        if (field->number && !add(object, field, &item))
            return NULL;
    }
    return json_incref(object);
}

static const struct protobuf_field *fields_of(const char *kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (str_equal(kinds[i].kind, kind))
            return kinds[i].fields;
    return NULL;
}

json_t *protobuf_decode(struct bytes body, struct err *err)
{
    struct bytes magic = {"k8s", 4};
    struct bytes start = {0};
    struct item type = {0};
    struct item raw = {0};
    json_auto_t *type_of = NULL;
    if (take(&body, magic.len, &start) && bytes_equal(start, magic) && find(body, 1, &type) &&
        find(body, 2, &raw))
        type_of = read_message(type.bytes, type_meta);
    const char *kind = json_string_value(json_object_get(type_of, "kind"));
    const struct protobuf_field *fields = fields_of(kind);
    if (kind && !fields) {
        err_set(err, ERR_FORMAT, "a %s in protobuf is not supported; send application/json", kind);
        return NULL;
    }
    json_t *object = fields ? read_message(raw.bytes, fields) : NULL;
    if (!object) {
        err_set(err, ERR_INPUT, "request body: is not a Kubernetes object in protobuf");
        return NULL;
    }
    json_object_update(object, type_of);
    return object;
}
