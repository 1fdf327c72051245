/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a gzip body, and as the resource of an object or bucket: never a crash. */
#include "base/json/jread.h"
#include "base/own.h"
#include "gcp-local/api/gunzip.h"
#include "gcp-local/storage/catalog/bucket.h"
#include "gcp-local/storage/rest/upload_metadata.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Counts unpacked bytes, up to a limit. */
static bool count(struct bytes piece, void *context, struct err *err)
{
    size_t *total = context;
    *total += piece.len;
    return *total < (64 << 20) || err_set(err, ERR_TOO_LARGE, "too large");
}

static void try_gunzip(struct bytes body)
{
    size_t total = 0;
    struct err err = {0};
    OWN(gunzip) struct gunzip *gunzip = gunzip_open(count, &total);
    for (size_t i = 0; i < body.len; i += 7) {
        size_t len = body.len - i < 7 ? body.len - i : 7;
        if (!gunzip_add(gunzip, (struct bytes){body.data + i, len}, &err))
            return;
    }
    gunzip_end(gunzip, &err);
}

static void try_resource(struct bytes body)
{
    struct err err = {0};
    json_auto_t *resource = json_from_bytes(body, "resource", ERR_INPUT, &err);
    if (!json_is_object(resource))
        return;
    OWN(upload_metadata) struct upload_metadata upload = {0};
    if (upload_metadata_read(&upload, "bucket", NULL, resource, "text/plain", &err))
        json_decref(storage_object_to_json(&upload.object, "http://localhost"));
    OWN(bucket) struct bucket bucket = {.name = NULL};
    err = (struct err){0};
    if (bucket_set(&bucket, resource, false, &err))
        bucket_set(&bucket, resource, true, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = {(const char *)data, size};
    try_gunzip(body);
    try_resource(body);
    return 0;
}
