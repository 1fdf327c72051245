/* SPDX-License-Identifier: Apache-2.0 */
/* Storage: checks the names of buckets and objects, and builds their URLs. */
#include "gcp/storage/object_url.h"

#include "base/str.h"
#include "net/url.h"

#include <string.h>

enum { MIN_BUCKET_LEN = 3, MAX_BUCKET_LABEL_LEN = 63, MAX_BUCKET_LEN = 222, MAX_OBJECT_LEN = 1024 };

static bool check_bucket(const char *bucket, struct err *err)
{
    if (!bucket)
        return err_set(err, ERR_INPUT, "the bucket's name is missing");
    size_t len = strlen(bucket);
    size_t max_len = strchr(bucket, '.') ? MAX_BUCKET_LEN : MAX_BUCKET_LABEL_LEN;
    if (len >= MIN_BUCKET_LEN && len <= max_len &&
        strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == len)
        return true;
    return err_set(err, ERR_INPUT,
                   "\"%s\" is not a bucket name: want 3 to %zu lower-case letters, digits and -_.",
                   bucket, max_len);
}

static bool check_object(const char *object, struct err *err)
{
    if (!object)
        return err_set(err, ERR_INPUT, "the object's name is missing");
    size_t len = strlen(object);
    if (len < 1 || len > MAX_OBJECT_LEN)
        return err_set(err, ERR_INPUT, "the object's name has %zu bytes, want 1 to %d", len,
                       MAX_OBJECT_LEN);
    if (strpbrk(object, "\r\n") || str_equal(object, ".") || str_equal(object, "..") ||
        !str_is_utf8(bytes_of(object)))
        return err_set(err, ERR_INPUT,
                       "\"%s\" is not an object name: want UTF-8 without line breaks, not . or ..",
                       object);
    return true;
}

char *gcp_storage_uri(const char *bucket, const char *object, struct err *err)
{
    if (!check_bucket(bucket, err) || !check_object(object, err))
        return NULL;
    return str_format("gs://%s/%s", bucket, object);
}

char *gcp_storage_url(const char *bucket, const char *object, struct err *err)
{
    if (!check_bucket(bucket, err) || !check_object(object, err))
        return NULL;
    OWN(buf) struct buf url = {0};
    buf_add_format(&url, "https://storage.googleapis.com/%s", bucket);
    for (;;) { /* '/' is not encoded */
        size_t len = strcspn(object, "/");
        OWN(free) char *segment = url_encode((struct bytes){object, len});
        buf_add_format(&url, "/%s", segment);
        if (!object[len])
            return buf_take(&url);
        object += len + 1;
    }
}

char *storage_bucket_target(const char *bucket, const char *suffix, struct err *err)
{
    return check_bucket(bucket, err) ? str_format("/storage/v1/b/%s%s", bucket, suffix) : NULL;
}

char *storage_object_target(const char *bucket, const char *object, struct err *err)
{
    if (!check_bucket(bucket, err) || !check_object(object, err))
        return NULL;
    OWN(free) char *name = url_encode_text(object);
    return str_format("/storage/v1/b/%s/o/%s", bucket, name);
}

char *storage_upload_target(const char *bucket, const char *object, int64_t generation,
                            struct err *err)
{
    if (!check_bucket(bucket, err) || !check_object(object, err))
        return NULL;
    OWN(free) char *name = url_encode_text(object);
    OWN(buf) struct buf target = {0};
    buf_add_format(&target, "/upload/storage/v1/b/%s/o?uploadType=media&name=%s", bucket, name);
    if (generation != GCP_ANY_GENERATION)
        buf_add_format(&target, "&ifGenerationMatch=%lld", (long long)generation);
    return buf_take(&target);
}
