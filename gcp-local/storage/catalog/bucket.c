/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket: a name, a project, and settings, stored as clients sent them. */
#include "gcp-local/storage/catalog/bucket.h"

#include "base/crc32c.h"
#include "base/str.h"
#include "gcp-local/storage/catalog/storage_object.h"

#include <ctype.h>
#include <string.h>

void bucket_done(struct bucket *bucket)
{
    free(bucket->name);
    free(bucket->project);
    json_decref(bucket->fields);
    json_decref(bucket->policy);
    *bucket = (struct bucket){0};
}

/* The fields that clients may set, and their types. Only versioning has an effect here. */
static const struct {
    const char *name;
    json_type type;
} writable[] = {
    {"location", JSON_STRING},
    {"storageClass", JSON_STRING},
    {"labels", JSON_OBJECT},
    {"versioning", JSON_OBJECT},
    {"website", JSON_OBJECT},
    {"cors", JSON_ARRAY},
    {"iamConfiguration", JSON_OBJECT},
    {"lifecycle", JSON_OBJECT},
    {"billing", JSON_OBJECT},
    {"logging", JSON_OBJECT},
    {"encryption", JSON_OBJECT},
    {"retentionPolicy", JSON_OBJECT},
    {"autoclass", JSON_OBJECT},
    {"softDeletePolicy", JSON_OBJECT},
    {"rpo", JSON_STRING},
    {"hierarchicalNamespace", JSON_OBJECT},
};

/* JSON merge patch (RFC 7396) of one member. */
static void merge(json_t *target, const char *key, json_t *value)
{
    json_t *old = json_object_get(target, key);
    if (json_is_null(value)) {
        json_object_del(target, key);
        return;
    }
    if (!json_is_object(value) || !json_is_object(old)) {
        json_object_set(target, key, value);
        return;
    }
    const char *name;
    json_t *member;
    json_object_foreach(value, name, member)
    {
        merge(old, name, member);
    }
}

/* A copy without members that are null, as Go's library sends them. New reference. */
static json_t *without_nulls(const json_t *tree)
{
    if (!json_is_object(tree))
        return json_deep_copy(tree);
    json_t *clean = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)tree, key, value)
    {
        if (!json_is_null(value))
            json_object_set_new(clean, key, without_nulls(value));
    }
    return clean;
}

bool bucket_set(struct bucket *bucket, const json_t *resource, bool patch, struct err *err)
{
    if (!bucket->fields)
        bucket->fields = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(writable); i++) {
        const char *name = writable[i].name;
        json_t *value = json_object_get(resource, name);
        if (value && json_typeof(value) != writable[i].type && !json_is_null(value))
            return err_set(err, ERR_INPUT, "Invalid value for %s.", name);
        if (value && patch)
            merge(bucket->fields, name, value);
        else if (value && !json_is_null(value))
            json_object_set_new(bucket->fields, name, without_nulls(value));
        else if (!patch && !str_equal(name, "location") && !str_equal(name, "storageClass"))
            json_object_del(bucket->fields, name);
    }
    return true;
}

bool bucket_versioned(const struct bucket *bucket)
{
    return json_is_true(json_object_get(json_object_get(bucket->fields, "versioning"), "enabled"));
}

char *bucket_project_number(const char *project)
{
    if (*project && strspn(project, "0123456789") == strlen(project))
        return str_copy(project);
    return str_format("100%010u", crc32c(0, bytes_of(project)));
}

/* The fields of a bucket for which a client set nothing. */
static json_t *defaults(void)
{
    return json_pack("{s:s, s:s, s:s, s:{s:{s:b}, s:{s:b}, s:s}}", "location", "US", "locationType",
                     "multi-region", "storageClass", "STANDARD", "iamConfiguration",
                     "bucketPolicyOnly", "enabled", 0, "uniformBucketLevelAccess", "enabled", 0,
                     "publicAccessPrevention", "inherited");
}

/* The location in upper case, and its type. */
static void set_location(json_t *tree)
{
    static const char *const continents[] = {"US", "EU", "ASIA"};
    OWN(free) char *location = str_copy(json_string_value(json_object_get(tree, "location")));
    const char *type = "region";
    for (char *c = location; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    for (size_t i = 0; i < ARRAY_SIZE(continents); i++)
        if (str_equal(location, continents[i]))
            type = "multi-region";
    json_object_set_new(tree, "location", json_string(location));
    json_object_set_new(tree, "locationType", json_string(type));
}

json_t *bucket_to_json(const struct bucket *bucket, const char *base)
{
    char created[TIMESTAMP_SIZE], updated[TIMESTAMP_SIZE];
    storage_object_time_text(bucket->created, created);
    storage_object_time_text(bucket->updated, updated);
    OWN(free) char *etag = storage_object_etag(0, bucket->metageneration);
    OWN(free) char *number = bucket_project_number(bucket->project);
    json_t *tree =
        json_pack("{s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:s}", "kind", "storage#bucket",
                  "selfLink", json_sprintf("%s/storage/v1/b/%s", base, bucket->name), "id",
                  bucket->name, "name", bucket->name, "projectNumber", number, "generation",
                  json_sprintf("%lld", (long long)(bucket->created / 1000)), "metageneration",
                  json_sprintf("%lld", (long long)bucket->metageneration), "etag", etag,
                  "timeCreated", created, "updated", updated);
    json_object_update_new(tree, defaults());
    json_object_update_recursive(tree, bucket->fields);
    set_location(tree);
    return tree;
}
