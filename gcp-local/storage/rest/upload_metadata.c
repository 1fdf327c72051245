/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata of an upload: what the request says about the new object. */
#include "gcp-local/storage/rest/upload_metadata.h"

#include "base/crc32c.h"
#include "base/str.h"
#include "gcp-local/storage/catalog/object_names.h"
#include "net/url.h"

#include <string.h>

void upload_metadata_done(struct upload_metadata *upload)
{
    storage_object_done(&upload->object);
    free(upload->md5);
    free(upload->crc32c);
    *upload = (struct upload_metadata){0};
}

static char *text_member(const json_t *resource, const char *key)
{
    return str_copy(json_string_value(json_object_get(resource, key)));
}

/* The name is in the query or in the resource; if it is in both, they must agree. */
static bool read_name(struct storage_object *object, const char *query, const json_t *resource,
                      struct err *err)
{
    OWN(free) char *in_query = url_query_get(query, "name");
    OWN(free) char *in_resource = text_member(resource, "name");
    if (in_query && in_resource && !str_equal(in_query, in_resource))
        return err_set(err, ERR_INPUT,
                       "Value '%s' in content does not agree with value '%s' of parameter name.",
                       in_resource, in_query);
    object->name = in_query      ? move_ptr(&in_query)
                   : in_resource ? move_ptr(&in_resource)
                                 : str_copy("");
    return catalog_object_name_check(object->name, err);
}

static bool read_fields(struct storage_object *object, const char *query, const json_t *resource,
                        const char *content_type, struct err *err)
{
    object->fields = json_object();
    if (resource && !storage_object_set(object, resource, err))
        return false;
    OWN(free) char *encoding = url_query_get(query, "contentEncoding");
    if (encoding)
        json_object_set_new(object->fields, "contentEncoding", json_string(encoding));
    if (content_type && !json_object_get(object->fields, "contentType"))
        json_object_set_new(object->fields, "contentType", json_string(content_type));
    return true;
}

bool upload_metadata_read(struct upload_metadata *upload, const char *bucket, const char *query,
                          const json_t *resource, const char *content_type, struct err *err)
{
    upload->object.bucket = str_copy(bucket);
    upload->md5 = text_member(resource, "md5Hash");
    upload->crc32c = text_member(resource, "crc32c");
    return read_name(&upload->object, query, resource, err) &&
           read_fields(&upload->object, query, resource, content_type, err) &&
           preconditions_read(query, false, &upload->preconditions, err);
}

void upload_metadata_expect(struct upload_metadata *upload, const struct headers *headers)
{
    const char *md5 = headers_get(headers, "Content-MD5");
    if (md5)
        str_replace(&upload->md5, str_copy(md5));
    for (size_t i = 0; i < headers->count; i++) {
        if (!str_equal_any_case(headers->list[i].name, "X-Goog-Hash"))
            continue;
        for (const char *hash = headers->list[i].value; *hash;) {
            size_t len = strcspn(hash, ", ");
            if (str_starts(hash, "md5="))
                str_replace(&upload->md5, str_copy_bytes((struct bytes){hash + 4, len - 4}));
            else if (str_starts(hash, "crc32c="))
                str_replace(&upload->crc32c, str_copy_bytes((struct bytes){hash + 7, len - 7}));
            hash += len;
            hash += strspn(hash, ", ");
        }
    }
}

static bool check_hash(const char *name, const char *provided, const char *calculated,
                       struct err *err)
{
    return !provided || str_equal(provided, calculated) ||
           err_set(err, ERR_INPUT,
                   "Provided %s hash \"%s\" doesn't match calculated %s hash \"%s\".", name,
                   provided, name, calculated);
}

bool upload_metadata_install(struct upload_metadata *upload, struct storage *storage,
                             const char *id, struct content_writer *writer, const char *base,
                             struct err *err)
{
    struct storage_object *object = &upload->object;
    char crc[9];
    crc32c_text(writer->hash.crc32c, crc);
    object->size = writer->size;
    object->crc32c = writer->hash.crc32c;
    object->md5 = content_hash_md5(&writer->hash);
    return check_hash("MD5", upload->md5, object->md5, err) &&
           check_hash("CRC32C", upload->crc32c, crc, err) &&
           mutation_install(storage, id, object, &upload->preconditions, base, err);
}
