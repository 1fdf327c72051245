/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about buckets and projects. */
#include "base/str.h"
#include "gcp-local/storage/catalog/object_names.h"
#include "gcp-local/storage/rest/rest_actions.h"
#include "net/url.h"

#include <string.h>

enum { MAX_RESULTS = 1000 };

static bool find(struct storage_request *request, struct bucket *bucket, struct err *err)
{
    return catalog_find_bucket(request->storage->catalog, request->arg[0], bucket, err);
}

static bool reply_bucket(struct storage_request *request, const struct bucket *bucket)
{
    return storage_request_reply(request, bucket_to_json(bucket, request->base));
}

/* ifMetagenerationMatch and ifMetagenerationNotMatch. */
static bool check_preconditions(struct storage_request *request, const struct bucket *bucket,
                                bool reading, struct err *err)
{
    struct preconditions preconditions;
    if (!preconditions_read(request->exchange->query, false, &preconditions, err))
        return false;
    preconditions.generation.set = preconditions.not_generation.set = false;
    return preconditions_check(&preconditions, 0, bucket->metageneration, reading, err);
}

/* A required query parameter. The caller frees; NULL and err when it is absent or empty. */
static char *required(struct storage_request *request, const char *name, struct err *err)
{
    char *value = storage_request_query(request, name);
    if (!str_empty(value))
        return value;
    free(value);
    err_set(err, ERR_INPUT, "Required parameter: %s", name);
    err->reason = "required";
    return NULL;
}

struct page {
    const char *prefix, *base;
    json_t *items;
    size_t max;
    bool full;
};

static bool add_to_page(const struct bucket *bucket, void *context)
{
    struct page *page = context;
    if (!str_starts(bucket->name, page->prefix))
        return true;
    page->full = json_array_size(page->items) == page->max;
    if (!page->full)
        json_array_append_new(page->items, bucket_to_json(bucket, page->base));
    return !page->full;
}

static json_t *page_to_json(const struct page *page)
{
    size_t count = json_array_size(page->items);
    json_t *tree = json_pack("{s:s}", "kind", "storage#buckets");
    if (page->full)
        json_object_set(tree, "nextPageToken",
                        json_object_get(json_array_get(page->items, count - 1), "name"));
    if (count)
        json_object_set(tree, "items", page->items);
    return tree;
}

bool rest_list_buckets(struct storage_request *request, struct err *err)
{
    int64_t max = 0;
    OWN(free) char *project = required(request, "project", err);
    if (!project || !storage_request_number(request, "maxResults", MAX_RESULTS, &max, err))
        return false;
    OWN(free) char *prefix = storage_request_query(request, "prefix");
    OWN(free) char *after = storage_request_query(request, "pageToken");
    json_auto_t *items = json_array();
    struct page page = {.prefix = prefix ? prefix : "",
                        .base = request->base,
                        .items = items,
                        .max = max && max < MAX_RESULTS ? (size_t)max : MAX_RESULTS};
    return catalog_each_bucket(request->storage->catalog, project, after ? after : "", add_to_page,
                               &page, err) &&
           storage_request_reply(request, page_to_json(&page));
}

bool rest_insert_bucket(struct storage_request *request, struct err *err)
{
    OWN(free) char *project = required(request, "project", err);
    json_auto_t *resource = project ? storage_request_body(request, err) : NULL;
    if (!resource)
        return false;
    struct jread root = jread_open(resource, "bucket", ERR_INPUT, err);
    const char *name = jread_str(&root, "name");
    OWN(bucket) struct bucket bucket = {.name = str_copy(name),
                                        .project = move_ptr(&project),
                                        .metageneration = 1,
                                        .created = storage_object_time_now()};
    bucket.updated = bucket.created;
    return jread_ok(&root) && catalog_bucket_name_check(name, err) &&
           bucket_set(&bucket, resource, false, err) &&
           catalog_add_bucket(request->storage->catalog, &bucket, err) &&
           reply_bucket(request, &bucket);
}

bool rest_get_bucket(struct storage_request *request, struct err *err)
{
    OWN(bucket) struct bucket bucket = {0};
    return find(request, &bucket, err) && check_preconditions(request, &bucket, true, err) &&
           reply_bucket(request, &bucket);
}

static bool save(struct storage_request *request, struct bucket *bucket, struct err *err)
{
    bucket->metageneration++;
    bucket->updated = storage_object_time_now();
    return catalog_update_bucket(request->storage->catalog, bucket, err);
}

static bool change(struct storage_request *request, bool patch, struct err *err)
{
    json_auto_t *resource = storage_request_body(request, err);
    OWN(bucket) struct bucket bucket = {0};
    OWN(catalog_txn) struct catalog_txn txn = {0};
    return resource && catalog_begin(request->storage->catalog, &txn, err) &&
           find(request, &bucket, err) && check_preconditions(request, &bucket, false, err) &&
           bucket_set(&bucket, resource, patch, err) && save(request, &bucket, err) &&
           catalog_commit(&txn, err) && reply_bucket(request, &bucket);
}

bool rest_patch_bucket(struct storage_request *request, struct err *err)
{
    return change(request, true, err);
}

bool rest_update_bucket(struct storage_request *request, struct err *err)
{
    return change(request, false, err);
}

bool rest_delete_bucket(struct storage_request *request, struct err *err)
{
    OWN(bucket) struct bucket bucket = {0};
    OWN(catalog_txn) struct catalog_txn txn = {0};
    if (!catalog_begin(request->storage->catalog, &txn, err) || !find(request, &bucket, err) ||
        !check_preconditions(request, &bucket, false, err) ||
        !catalog_delete_bucket(request->storage->catalog, bucket.name, err) ||
        !catalog_commit(&txn, err))
        return false;
    OWN(free) char *folder = str_format("content/%s", bucket.name);
    content_files_remove(request->storage->files, folder);
    http_exchange_reply_empty(request->exchange, 204);
    return true;
}

bool rest_get_bucket_layout(struct storage_request *request, struct err *err)
{
    OWN(bucket) struct bucket bucket = {0};
    if (!find(request, &bucket, err))
        return false;
    json_auto_t *resource = bucket_to_json(&bucket, request->base);
    return storage_request_reply(
        request, json_pack("{s:s, s:s, s:O, s:O, s:{s:b}}", "kind", "storage#storageLayout",
                           "bucket", bucket.name, "location", json_object_get(resource, "location"),
                           "locationType", json_object_get(resource, "locationType"),
                           "hierarchicalNamespace", "enabled", 0));
}

bool rest_list_managed_folders(struct storage_request *request, struct err *err)
{
    OWN(bucket) struct bucket bucket = {0};
    return find(request, &bucket, err) &&
           storage_request_reply(request, json_pack("{s:s}", "kind", "storage#managedFolders"));
}

static json_t *policy_of(const struct bucket *bucket)
{
    json_t *policy = json_pack("{s:s, s:o, s:i, s:s}", "kind", "storage#policy", "resourceId",
                               json_sprintf("projects/_/buckets/%s", bucket->name), "version", 1,
                               "etag", "CAE=");
    json_object_set_new(policy, "bindings", json_array());
    json_object_update(policy, bucket->policy);
    return policy;
}

bool rest_get_bucket_policy(struct storage_request *request, struct err *err)
{
    OWN(bucket) struct bucket bucket = {0};
    return find(request, &bucket, err) && storage_request_reply(request, policy_of(&bucket));
}

bool rest_set_bucket_policy(struct storage_request *request, struct err *err)
{
    json_auto_t *policy = storage_request_body(request, err);
    struct jread root = jread_open(policy, "policy", ERR_INPUT, err);
    struct jread bindings = jread_list_or_empty(&root, "bindings");
    OWN(bucket) struct bucket bucket = {0};
    OWN(catalog_txn) struct catalog_txn txn = {0};
    if (!jread_ok(&root) || !catalog_begin(request->storage->catalog, &txn, err) ||
        !find(request, &bucket, err))
        return false;
    json_decref(bucket.policy);
    bucket.policy = json_pack("{s:O*}", "bindings", bindings.here);
    return save(request, &bucket, err) && catalog_commit(&txn, err) &&
           storage_request_reply(request, policy_of(&bucket));
}

static void add_permission(const char *name, const char *value, void *permissions)
{
    if (str_equal(name, "permissions"))
        json_array_append_new(permissions, json_string(value));
}

/* Every caller has every permission. */
bool rest_test_bucket_permissions(struct storage_request *request, struct err *err)
{
    OWN(bucket) struct bucket bucket = {0};
    if (!find(request, &bucket, err))
        return false;
    json_t *permissions = json_array();
    url_query_each(bytes_of(request->exchange->query), add_permission, permissions);
    return storage_request_reply(request, json_pack("{s:s, s:o}", "kind",
                                                    "storage#testIamPermissionsResponse",
                                                    "permissions", permissions));
}

bool rest_get_service_account(struct storage_request *request, struct err *err)
{
    (void)err;
    OWN(free) char *number = bucket_project_number(request->arg[0]);
    return storage_request_reply(
        request,
        json_pack("{s:s, s:o}", "kind", "storage#serviceAccount", "email_address",
                  json_sprintf("service-%s@gs-project-accounts.iam.gserviceaccount.com", number)));
}
