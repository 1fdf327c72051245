/* SPDX-License-Identifier: Apache-2.0 */
/* What resources have in common: found by path, patched by mask, listed in pages. */
#include "gcp-local/pubsub/rest/rest_call.h"

#include "base/json/jread.h"
#include "base/json/json_at.h"
#include "base/str.h"
#include "gcp-local/pubsub/engine/pubsub_name.h"
#include "net/url.h"

#include <string.h>

enum { MAX_PAGE = 1000 };

bool rest_reply(struct rest_call *call, const json_t *tree)
{
    OWN(free) char *text = json_to_text(tree);
    return buf_add_text(&call->reply, text);
}

bool rest_reply_new(struct rest_call *call, json_t *tree)
{
    json_auto_t *owned = tree;
    return rest_reply(call, owned);
}

bool rest_in_project(const struct rest_call *call, const char *name)
{
    size_t len;
    const char *project = pubsub_name_project(name, &len);
    return strlen(call->project) == len && strncmp(project, call->project, len) == 0;
}

struct topic *rest_topic(const struct rest_call *call, struct err *err)
{
    struct topic *topic = engine_topic(call->tx.engine, call->name);
    if (!topic)
        err_set(err, ERR_NOT_FOUND, "Topic not found (resource=%s)", pubsub_name_id(call->name));
    return topic;
}

struct subscription *rest_subscription(const struct rest_call *call, struct err *err)
{
    struct subscription *subscription = engine_subscription(call->tx.engine, call->name);
    if (!subscription)
        err_set(err, ERR_NOT_FOUND, "Subscription does not exist (resource=%s)",
                pubsub_name_id(call->name));
    return subscription;
}

struct snapshot *rest_snapshot(const struct rest_call *call, struct err *err)
{
    struct snapshot *snapshot = engine_snapshot(call->tx.engine, call->name);
    if (!snapshot)
        err_set(err, ERR_NOT_FOUND, "Snapshot does not exist (resource=%s)",
                pubsub_name_id(call->name));
    return snapshot;
}

json_t *rest_resource_named(const struct rest_call *call, const json_t *resource, struct err *err)
{
    const char *name = json_text_at(resource, "name");
    if (name && !str_equal(name, call->name)) {
        err_set(err, ERR_INPUT, "The name in the body (%s) is not the one in the path (%s)", name,
                call->name);
        return NULL;
    }
    json_t *named = json_pack("{s:s}", "name", call->name);
    json_object_update(named, (json_t *)(uintptr_t)resource);
    return named;
}

struct patcher {
    json_t *result;
    const json_t *patch;
    const struct proto_json_field *fields;
    const char *const *immutable;
    const char *kind;
    struct err *err;
};

static bool is_immutable(const struct patcher *patcher, const char *name)
{
    for (const char *const *immutable = patcher->immutable; *immutable; immutable++)
        if (str_equal(*immutable, name))
            return true;
    return false;
}

static void set_or_remove(json_t *object, const char *key, json_t *value)
{
    if (value)
        json_object_set_new(object, key, json_deep_copy(value));
    else
        json_object_del(object, key);
}

/* Sets a member of an object that resource and patch may both lack. */
static bool patch_inner(const struct patcher *patcher, const struct proto_json_field *field,
                        const char *path)
{
    const struct proto_json_field *inner =
        field->kind == PROTO_JSON_OBJECT ? proto_json_find(field->fields, path) : NULL;
    if (!inner)
        return false;
    json_t *object = json_object_get(patcher->result, field->name);
    if (!object)
        json_object_set_new(patcher->result, field->name, object = json_object());
    set_or_remove(object, inner->name,
                  json_object_get(json_object_get(patcher->patch, field->name), inner->name));
    return true;
}

/* One path of a mask: "ackDeadlineSeconds", "ack_deadline_seconds", "push_config.push_endpoint". */
static bool apply_path(const struct patcher *patcher, char *path)
{
    char *dot = strchr(path, '.');
    if (dot)
        *dot = '\0';
    const struct proto_json_field *field = proto_json_find(patcher->fields, path);
    if (!field || field->kind == PROTO_JSON_OUTPUT ||
        (dot && !patch_inner(patcher, field, dot + 1)))
        return err_set(patcher->err, ERR_INPUT,
                       "Invalid update_mask provided in the Update%sRequest: %s is not a known %s "
                       "field.",
                       patcher->kind, path, patcher->kind);
    if (is_immutable(patcher, field->name))
        return err_set(patcher->err, ERR_INPUT,
                       "Invalid update_mask provided in the Update%sRequest: the %s field in the "
                       "%s is not mutable.",
                       patcher->kind, path, patcher->kind);
    if (!dot)
        set_or_remove(patcher->result, field->name, json_object_get(patcher->patch, field->name));
    return true;
}

json_t *rest_patch(const struct rest_call *call, const char *member, const json_t *resource,
                   const struct proto_json_field *fields, const char *const *immutable,
                   const char *kind, struct err *err)
{
    json_auto_t *patch = rest_resource_named(call, json_object_get(call->body, member), err);
    if (!patch)
        return NULL;
    const char *mask = json_text_at(call->body, "updateMask");
    if (str_empty(mask)) {
        err_set(err, ERR_INPUT,
                "The update_mask in the Update%sRequest must be set, and must contain a non-empty "
                "paths list.",
                kind);
        return NULL;
    }
    json_auto_t *result = json_deep_copy(resource);
    struct patcher patcher = {result, patch, fields, immutable, kind, err};
    OWN(free) char *paths = str_copy(mask);
    char *rest = paths;
    for (char *path; (path = strsep(&rest, ","));)
        if (!apply_path(&patcher, path))
            return NULL;
    return json_incref(result);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct rest_item *)a)->name, ((const struct rest_item *)b)->name);
}

/* The page that the query asks for: its size, and the first name or NULL. False and err. */
static bool read_page(const struct rest_call *call, int64_t *size, char **token, struct err *err)
{
    OWN(free) char *text = url_query_get(call->exchange->query, "pageSize");
    *token = url_query_get(call->exchange->query, "pageToken");
    *size = MAX_PAGE;
    if (!str_empty(text) && !str_int(text, INT32_MIN, INT32_MAX, size))
        return err_set(err, ERR_INPUT, "Invalid value at 'page_size' (TYPE_INT32), \"%.40s\"",
                       text);
    if (*size <= 0 || *size > MAX_PAGE)
        *size = MAX_PAGE;
    return true;
}

bool rest_page(struct rest_call *call, const char *key, struct rest_item *list, size_t count,
               struct err *err)
{
    int64_t size;
    OWN(free) char *token = NULL;
    if (!read_page(call, &size, &token, err))
        return false;
    if (count)
        qsort(list, count, sizeof(*list), by_name);
    json_auto_t *page = json_array();
    const char *next = NULL;
    for (size_t i = 0; i < count; i++) {
        if (token && strcmp(list[i].name, token) < 0)
            continue;
        if ((int64_t)json_array_size(page) == size) {
            next = list[i].name;
            break;
        }
        json_array_append_new(page, list[i].config
                                        ? json_incref((json_t *)(uintptr_t)list[i].config)
                                        : json_string(list[i].name));
    }
    json_auto_t *reply = json_object();
    if (json_array_size(page))
        json_object_set(reply, key, page);
    if (next)
        json_object_set_new(reply, "nextPageToken", json_string(next));
    return rest_reply(call, reply);
}
