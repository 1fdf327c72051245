/* SPDX-License-Identifier: Apache-2.0 */
/* Storage: objects and buckets.
 * API: cloud.google.com/storage/docs/json_api/v1 */
#include "base/str.h"
#include "gcp/client/client.h"
#include "gcp/storage/object_url.h"
#include "net/url.h"

#include <string.h>

enum { UPLOAD_TIMEOUT_MS = 600000 };

void gcp_object_done(struct gcp_object *object)
{
    free(object->bucket);
    free(object->name);
    free(object->content_type);
    free(object->md5);
    free(object->crc32c);
    free(object->updated);
    *object = (struct gcp_object){0};
}

static bool read_object(const json_t *reply, struct gcp_object *object, struct err *err)
{
    struct jread reader = jread_open(reply, "object", ERR_UPSTREAM, err);
    *object = (struct gcp_object){
        .bucket = str_copy(jread_str(&reader, "bucket")),
        .name = str_copy(jread_str(&reader, "name")),
        .content_type = str_copy(jread_str_or(&reader, "contentType", NULL)),
        .generation = jread_int64_or(&reader, "generation", 0, INT64_MAX, 0),
        .metageneration = jread_int64_or(&reader, "metageneration", 0, INT64_MAX, 0),
        .size = (uint64_t)jread_int64_or(&reader, "size", 0, INT64_MAX, 0),
        .md5 = str_copy(jread_str_or(&reader, "md5Hash", NULL)),
        .crc32c = str_copy(jread_str_or(&reader, "crc32c", NULL)),
        .updated = str_copy(jread_str_or(&reader, "updated", NULL)),
    };
    return jread_ok(&reader);
}

bool gcp_storage_upload(struct gcp *gcp, const char *bucket, const char *name,
                        const char *content_type, struct bytes data, int64_t generation,
                        struct gcp_object *object, struct err *err)
{
    OWN(free) char *target = storage_upload_target(bucket, name, generation, err);
    if (!target)
        return false;
    struct google_call call = {
        .api = GCP_API_STORAGE,
        .method = "POST",
        .target = target,
        .body = data,
        .content_type = content_type ? content_type : "application/octet-stream",
        .no_retry = generation == GCP_ANY_GENERATION,
        .timeout_ms = UPLOAD_TIMEOUT_MS,
    };
    json_auto_t *reply = google_call_json(gcp, &call, err);
    OWN(gcp_object) struct gcp_object ignored = {0};
    return reply && read_object(reply, object ? object : &ignored, err);
}

/* Appends a parameter ("&generation=") and the generation, unless any generation will do. */
static char *with_generation(const char *target, const char *parameter, int64_t generation)
{
    return generation == GCP_ANY_GENERATION
               ? str_copy(target)
               : str_format("%s%s%lld", target, parameter, (long long)generation);
}

bool gcp_storage_download(struct gcp *gcp, const char *bucket, const char *name, int64_t generation,
                          size_t max, char **data, size_t *len, struct err *err)
{
    OWN(free) char *object = storage_object_target(bucket, name, err);
    if (!object)
        return false;
    OWN(free) char *media = str_format("%s?alt=media", object);
    OWN(free) char *target = with_generation(media, "&generation=", generation);
    struct google_call call = {
        .api = GCP_API_STORAGE,
        .target = target,
        .max_reply = max,
        .timeout_ms = UPLOAD_TIMEOUT_MS,
    };
    OWN(http_response) struct http_response response = {0};
    if (!google_call_send(gcp, &call, &response, err))
        return false;
    *len = response.body.len;
    *data = buf_take(&response.body);
    return true;
}

bool gcp_storage_get(struct gcp *gcp, const char *bucket, const char *name,
                     struct gcp_object *object, struct err *err)
{
    OWN(free) char *target = storage_object_target(bucket, name, err);
    if (!target)
        return false;
    struct google_call call = {.api = GCP_API_STORAGE, .target = target};
    json_auto_t *reply = google_call_json(gcp, &call, err);
    return reply && read_object(reply, object, err);
}

bool gcp_storage_delete(struct gcp *gcp, const char *bucket, const char *name, int64_t generation,
                        struct err *err)
{
    OWN(free) char *object = storage_object_target(bucket, name, err);
    if (!object)
        return false;
    OWN(free) char *target = with_generation(object, "?ifGenerationMatch=", generation);
    struct google_call call = {
        .api = GCP_API_STORAGE,
        .method = "DELETE",
        .target = target,
        .no_retry = generation == GCP_ANY_GENERATION,
    };
    return google_call_ignore_reply(gcp, &call, err);
}

bool gcp_storage_list(struct gcp *gcp, const char *bucket, const char *prefix,
                      struct gcp_names *names, struct err *err)
{
    OWN(free) char *encoded = url_encode_text(prefix ? prefix : "");
    OWN(free) char *suffix = str_format("/o?prefix=%s", encoded);
    OWN(free) char *target = storage_bucket_target(bucket, suffix, err);
    return target && list_pages_names(gcp, GCP_API_STORAGE, target, "items", names, err);
}

bool gcp_bucket_create(struct gcp *gcp, const char *bucket, struct err *err)
{
    OWN(free) char *checked = storage_bucket_target(bucket, "", err);
    if (!checked)
        return false;
    if (!gcp->project)
        return err_set(err, ERR_INPUT, "the project is unknown; set GOOGLE_CLOUD_PROJECT");
    OWN(free) char *target = str_format("/storage/v1/b?project=%s", gcp->project);
    json_auto_t *body = json_pack("{s:s}", "name", bucket);
    struct google_call call = {.api = GCP_API_STORAGE, .target = target, .json = body};
    return google_call_ignore_reply(gcp, &call, err);
}
