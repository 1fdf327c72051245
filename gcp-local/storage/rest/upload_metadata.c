/* SPDX-License-Identifier: Apache-2.0 */
/* An object that is being uploaded: what the request says of it. */
#include "gcp-local/storage/rest/upload_metadata.h"

#include "base/str.h"
#include "gcp-local/storage/catalog/object_names.h"
#include "base/crc32c.h"
#include "net/url.h"

#include <string.h>

void upload_metadata_done(struct upload_metadata *upload_metadata)
{
    storage_object_done(&upload_metadata->object);
    free(upload_metadata->md5);
    free(upload_metadata->crc32c);
    *upload_metadata = (struct upload_metadata){0};
}

static char *text_member(const json_t *resource, const char *key)
{
    return str_copy(json_string_value(json_object_get(resource, key)));
}

/* The name may be in the query, in the resource, or in both alike. */
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

bool upload_metadata_read(struct upload_metadata *upload_metadata, const char *bucket,
                          const char *query, const json_t *resource, const char *content_type,
                          struct err *err)
{
    upload_metadata->object.bucket = str_copy(bucket);
    upload_metadata->md5 = text_member(resource, "md5Hash");
    upload_metadata->crc32c = text_member(resource, "crc32c");
    return read_name(&upload_metadata->object, query, resource, err) &&
           read_fields(&upload_metadata->object, query, resource, content_type, err) &&
           preconditions_read(query, false, &upload_metadata->preconditions, err);
}

void upload_metadata_expect(struct upload_metadata *upload_metadata, const struct headers *headers)
{
    const char *md5 = headers_get(headers, "Content-MD5");
    if (md5)
        str_replace(&upload_metadata->md5, str_copy(md5));
    for (size_t i = 0; i < headers->count; i++) {
        if (!str_equal_any_case(headers->list[i].name, "X-Goog-Hash"))
            continue;
        for (const char *at = headers->list[i].value; *at;) {
            size_t len = strcspn(at, ", ");
            if (str_starts(at, "md5="))
                str_replace(&upload_metadata->md5, str_copy_bytes((struct bytes){at + 4, len - 4}));
            else if (str_starts(at, "crc32c="))
                str_replace(&upload_metadata->crc32c,
                            str_copy_bytes((struct bytes){at + 7, len - 7}));
            at += len;
            at += strspn(at, ", ");
        }
    }
}

static bool same(const char *what, const char *said, const char *is, struct err *err)
{
    return !said || str_equal(said, is) ||
           err_set(err, ERR_INPUT,
                   "Provided %s hash \"%s\" doesn't match calculated %s hash \"%s\".", what, said,
                   what, is);
}

bool upload_metadata_install(struct upload_metadata *upload_metadata, struct storage *storage,
                             const char *id, struct content_writer *writer, const char *base,
                             struct err *err)
{
    struct storage_object *object = &upload_metadata->object;
    char crc[9];
    crc32c_text(writer->hash.crc32c, crc);
    object->size = writer->size;
    object->crc32c = writer->hash.crc32c;
    object->md5 = content_hash_md5(&writer->hash);
    return same("MD5", upload_metadata->md5, object->md5, err) &&
           same("CRC32C", upload_metadata->crc32c, crc, err) &&
           mutation_install(storage, id, object, &upload_metadata->preconditions, base, err);
}
