/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket's notification configs. */
#include "base/str.h"
#include "gcp-local/storage/rest/rest_actions.h"

#include <string.h>

enum { MAX_CONFIGS = 100 };

#define PUBSUB_HOST "//pubsub.googleapis.com/"

static const char *const event_types[] = {"OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE",
                                          "OBJECT_DELETE", "OBJECT_ARCHIVE"};

static bool contains(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(text, list[i]))
            return true;
    return false;
}

/* True for projects/P/topics/T. */
static bool is_topic_name(const char *topic)
{
    if (!str_starts(topic, "projects/"))
        return false;
    const char *project = topic + strlen("projects/");
    const char *rest = strchr(project, '/');
    if (!rest || rest == project || !str_starts(rest, "/topics/"))
        return false;
    const char *name = rest + strlen("/topics/");
    return *name && !strchr(name, '/');
}

static bool read_topic(const struct storage *storage, struct jread *root, json_t *config,
                       struct err *err)
{
    const char *given = jread_str(root, "topic");
    if (!jread_ok(root))
        return false;
    const char *topic = str_starts(given, PUBSUB_HOST) ? given + strlen(PUBSUB_HOST) : given;
    if (!is_topic_name(topic))
        return err_set(err, ERR_INPUT,
                       "Invalid Google Cloud Pub/Sub topic '%s'. It should look like "
                       "'" PUBSUB_HOST "projects/*/topics/*'.",
                       given);
    const struct storage_options *options = &storage->options;
    if (options->topic_exists && !options->topic_exists(topic, options->context))
        return err_set(err, ERR_INPUT, "Cloud Pub/Sub topic not found: '%s%s'", PUBSUB_HOST, topic);
    json_object_set_new(config, "topic", json_sprintf(PUBSUB_HOST "%s", topic));
    return true;
}

static bool read_event_types(struct jread *root, json_t *config)
{
    struct jread types = jread_list_or_empty(root, "event_types");
    for (size_t i = 0; i < jread_count(&types); i++) {
        const char *type = jread_item_str(&types, i);
        if (jread_ok(&types) && !contains(event_types, ARRAY_SIZE(event_types), type))
            return jread_fail(&types, NULL, "holds '%s', which is not an event type", type);
    }
    if (jread_count(&types))
        json_object_set(config, "event_types", (json_t *)(uintptr_t)types.here);
    return jread_ok(root);
}

static bool read_attributes(struct jread *root, json_t *config)
{
    struct jread attributes = jread_obj_or_empty(root, "custom_attributes");
    json_t *tree = (json_t *)(uintptr_t)attributes.here;
    const char *key;
    json_t *value;
    json_object_foreach(tree, key, value)
    {
        jread_str(&attributes, key);
    }
    if (json_object_size(tree))
        json_object_set(config, "custom_attributes", tree);
    return jread_ok(root);
}

static bool read_payload(struct jread *root, json_t *config)
{
    static const char *const formats[] = {"JSON_API_V1", "NONE"};
    const char *format = jread_str(root, "payload_format");
    if (jread_ok(root) && !contains(formats, ARRAY_SIZE(formats), format))
        return jread_fail(root, "payload_format", "is '%s', want JSON_API_V1 or NONE", format);
    const char *prefix = jread_str_or(root, "object_name_prefix", "");
    if (*prefix)
        json_object_set_new(config, "object_name_prefix", json_string(prefix));
    json_object_set_new(config, "payload_format", json_string(format));
    return jread_ok(root);
}

/* New reference. */
static json_t *config_to_json(const struct storage_request *request, int64_t id,
                              const json_t *config)
{
    OWN(free) char *number = str_format("%lld", (long long)id);
    json_t *tree = json_pack("{s:s, s:o, s:s, s:s}", "kind", "storage#notification", "selfLink",
                             json_sprintf("%s/storage/v1/b/%s/notificationConfigs/%s",
                                          request->base, request->arg[0], number),
                             "id", number, "etag", number);
    json_object_update(tree, (json_t *)(uintptr_t)config);
    return tree;
}

struct config_list {
    const struct storage_request *request;
    json_t *items;
};

static void add_config(int64_t id, const json_t *config, void *context)
{
    struct config_list *list = context;
    json_array_append_new(list->items, config_to_json(list->request, id, config));
}

/* All configs of the request's bucket. New reference; NULL and err when the bucket does not exist.
 */
static json_t *list_configs(const struct storage_request *request, struct err *err)
{
    OWN(bucket) struct bucket bucket = {0};
    json_t *items = json_array();
    struct config_list list = {request, items};
    if (catalog_find_bucket(request->storage->catalog, request->arg[0], &bucket, err) &&
        catalog_each_config(request->storage->catalog, request->arg[0], add_config, &list, err))
        return items;
    json_decref(items);
    return NULL;
}

bool rest_insert_notification_config(struct storage_request *request, struct err *err)
{
    json_auto_t *body = storage_request_body(request, err);
    json_auto_t *others = body ? list_configs(request, err) : NULL;
    if (!others)
        return false;
    if (json_array_size(others) >= MAX_CONFIGS)
        return err_set(err, ERR_INPUT, "A bucket can have at most %d notification configs.",
                       MAX_CONFIGS);
    struct jread root = jread_open(body, "notification config", ERR_INPUT, err);
    json_auto_t *config = json_object();
    int64_t id = 0;
    return read_topic(request->storage, &root, config, err) && read_event_types(&root, config) &&
           read_attributes(&root, config) && read_payload(&root, config) &&
           catalog_add_config(request->storage->catalog, request->arg[0], config, &id, err) &&
           storage_request_reply(request, config_to_json(request, id, config));
}

bool rest_list_notification_configs(struct storage_request *request, struct err *err)
{
    json_auto_t *items = list_configs(request, err);
    if (!items)
        return false;
    json_t *tree = json_pack("{s:s}", "kind", "storage#notifications");
    if (json_array_size(items))
        json_object_set(tree, "items", items);
    return storage_request_reply(request, tree);
}

bool rest_get_notification_config(struct storage_request *request, struct err *err)
{
    json_auto_t *items = list_configs(request, err);
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        if (str_equal(json_string_value(json_object_get(item, "id")), request->arg[1]))
            return storage_request_reply(request, json_incref(item));
    }
    return items && err_set(err, ERR_NOT_FOUND, "Notification config %s not found in bucket %s.",
                            request->arg[1], request->arg[0]);
}

bool rest_delete_notification_config(struct storage_request *request, struct err *err)
{
    OWN(bucket) struct bucket bucket = {0};
    int64_t id = 0;
    str_int(request->arg[1], 1, INT64_MAX, &id); /* otherwise 0, which is not found */
    if (!catalog_find_bucket(request->storage->catalog, request->arg[0], &bucket, err) ||
        !catalog_delete_config(request->storage->catalog, request->arg[0], id, err))
        return false;
    http_exchange_reply_empty(request->exchange, 204);
    return true;
}
