/* SPDX-License-Identifier: Apache-2.0 */
/* An object: one generation of a name in a bucket. */
#include "gcp-local/storage/catalog/storage_object.h"

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/str.h"
#include "net/url.h"

#include <string.h>
#include <time.h>

void storage_object_done(struct storage_object *object)
{
    free(object->bucket);
    free(object->name);
    free(object->md5);
    json_decref(object->fields);
    *object = (struct storage_object){0};
}

static const char *const text_fields[] = {
    "contentType",  "contentEncoding", "contentDisposition", "contentLanguage",
    "cacheControl", "storageClass",    "customTime",
};

static const char *const flag_fields[] = {"eventBasedHold", "temporaryHold"};

/* Sets a member, or removes it if the value is null. */
static void assign(json_t *object, const char *key, json_t *value)
{
    if (json_is_null(value))
        json_object_del(object, key);
    else
        json_object_set(object, key, value);
}

static bool set_simple_fields(struct storage_object *object, const json_t *resource,
                              struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++) {
        json_t *value = json_object_get(resource, text_fields[i]);
        if (value && !json_is_string(value) && !json_is_null(value))
            return err_set(err, ERR_INPUT, "Invalid value for %s: must be a string.",
                           text_fields[i]);
        if (value)
            assign(object->fields, text_fields[i], value);
    }
    for (size_t i = 0; i < ARRAY_SIZE(flag_fields); i++) {
        json_t *value = json_object_get(resource, flag_fields[i]);
        if (value && !json_is_boolean(value) && !json_is_null(value))
            return err_set(err, ERR_INPUT, "Invalid value for %s: must be true or false.",
                           flag_fields[i]);
        if (value)
            assign(object->fields, flag_fields[i], value);
    }
    return true;
}

static bool set_metadata(struct storage_object *object, json_t *metadata, struct err *err)
{
    if (!metadata)
        return true;
    if (json_is_null(metadata)) {
        json_object_del(object->fields, "metadata");
        return true;
    }
    if (!json_is_object(metadata))
        return err_set(err, ERR_INPUT, "Invalid value for metadata: must be an object.");

    json_t *all = json_object_get(object->fields, "metadata");
    if (!all) {
        all = json_object();
        json_object_set_new(object->fields, "metadata", all);
    }
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value) && !json_is_null(value))
            return err_set(err, ERR_INPUT, "Invalid value for metadata.%s: must be a string.", key);
        assign(all, key, value);
    }
    if (json_object_size(all) == 0)
        json_object_del(object->fields, "metadata");
    return true;
}

bool storage_object_set(struct storage_object *object, const json_t *resource, struct err *err)
{
    if (!object->fields)
        object->fields = json_object();
    return set_simple_fields(object, resource, err) &&
           set_metadata(object, json_object_get(resource, "metadata"), err);
}

const char *storage_object_field(const struct storage_object *object, const char *name,
                                 const char *fallback)
{
    const char *text = json_string_value(json_object_get(object->fields, name));
    return text ? text : fallback;
}

int64_t storage_object_time_now(void)
{
    int64_t now = timestamp_now_ns();
    return now - now % NS_PER_MS;
}

void storage_object_time_text(int64_t time_ns, char text[TIMESTAMP_SIZE])
{
    time_t seconds = (time_t)(time_ns / NS_PER_SEC);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t len = strftime(text, TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + len, TIMESTAMP_SIZE - len, ".%03dZ", (int)(time_ns % NS_PER_SEC / NS_PER_MS));
}

/* Appends a varint field of protobuf, the format of Google's etags. */
static void add_varint(struct buf *buf, int tag, int64_t number)
{
    buf_add(buf, &(char){(char)(tag << 3)}, 1);
    uint64_t left = (uint64_t)number;
    for (; left > 0x7F; left >>= 7)
        buf_add(buf, &(char){(char)(left | 0x80)}, 1);
    buf_add(buf, &(char){(char)left}, 1);
}

char *storage_object_etag(int64_t generation, int64_t metageneration)
{
    OWN(buf) struct buf proto = {0};
    if (generation)
        add_varint(&proto, 1, generation);
    add_varint(&proto, generation ? 2 : 1, metageneration);
    return base64_encode(buf_bytes(&proto));
}

static void set_text(json_t *tree, const char *key, const char *text)
{
    if (text)
        json_object_set_new(tree, key, json_string(text));
}

static void set_number(json_t *tree, const char *key, int64_t number)
{
    json_object_set_new(tree, key, json_sprintf("%lld", (long long)number));
}

static void set_time(json_t *tree, const char *key, int64_t time_ns)
{
    char text[TIMESTAMP_SIZE];
    storage_object_time_text(time_ns, text);
    set_text(tree, key, text);
}

static void set_links(json_t *tree, const struct storage_object *object, const char *base)
{
    OWN(free) char *name = url_encode_text(object->name);
    json_object_set_new(
        tree, "id",
        json_sprintf("%s/%s/%lld", object->bucket, object->name, (long long)object->generation));
    json_object_set_new(tree, "selfLink",
                        json_sprintf("%s/storage/v1/b/%s/o/%s", base, object->bucket, name));
    json_object_set_new(tree, "mediaLink",
                        json_sprintf("%s/download/storage/v1/b/%s/o/%s?generation=%lld&alt=media",
                                     base, object->bucket, name, (long long)object->generation));
}

json_t *storage_object_to_json(const struct storage_object *object, const char *base)
{
    json_t *tree = json_pack("{s:s}", "kind", "storage#object");
    set_links(tree, object, base);
    set_text(tree, "name", object->name);
    set_text(tree, "bucket", object->bucket);
    set_number(tree, "generation", object->generation);
    set_number(tree, "metageneration", object->metageneration);
    set_text(tree, "storageClass", "STANDARD");
    json_object_update(tree, object->fields);
    set_number(tree, "size", object->size);
    set_text(tree, "md5Hash", object->md5);
    char crc[9];
    crc32c_text(object->crc32c, crc);
    set_text(tree, "crc32c", crc);
    OWN(free) char *etag = storage_object_etag(object->generation, object->metageneration);
    set_text(tree, "etag", etag);
    if (object->components)
        json_object_set_new(tree, "componentCount", json_integer(object->components));
    set_time(tree, "timeCreated", object->created);
    set_time(tree, "updated", object->updated);
    set_time(tree, "timeStorageClassUpdated", object->created);
    if (object->deleted)
        set_time(tree, "timeDeleted", object->deleted);
    return tree;
}
