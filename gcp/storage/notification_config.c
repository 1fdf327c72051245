/* SPDX-License-Identifier: Apache-2.0 */
/* Storage: notification configurations, which publish the changes in a bucket to a topic. */
#include "base/str.h"
#include "gcp/client/client.h"
#include "gcp/pubsub/resource_name.h"
#include "gcp/storage/object_url.h"
#include "net/url.h"

#include <string.h>

static const char TOPIC_PREFIX[] = "//pubsub.googleapis.com/";

void gcp_notifications_done(struct gcp_notifications *notifications)
{
    for (size_t i = 0; i < notifications->count; i++) {
        struct gcp_notification *one = &notifications->list[i];
        free(one->id);
        free(one->topic);
        free(one->event_types);
        free(one->prefix);
    }
    free(notifications->list);
    *notifications = (struct gcp_notifications){0};
}

/* "OBJECT_FINALIZE,OBJECT_DELETE" as a list */
static json_t *split_commas(const char *commas)
{
    json_t *list = json_array();
    while (*commas) {
        size_t len = strcspn(commas, ",");
        if (len)
            json_array_append_new(list, json_stringn(commas, len));
        commas += len + (commas[len] == ',');
    }
    return list;
}

/* "//pubsub.googleapis.com/projects/P/topics/T" */
static char *topic_uri(const struct gcp *gcp, const char *topic, struct err *err)
{
    OWN(free) char *name = resource_name(gcp, "topics", topic, err);
    return name ? str_format("%s%s", TOPIC_PREFIX, name) : NULL;
}

bool gcp_notification_create(struct gcp *gcp, const char *bucket, const char *topic,
                             const char *event_types, const char *prefix, char **id,
                             struct err *err)
{
    OWN(free) char *target = storage_bucket_target(bucket, "/notificationConfigs", err);
    if (!target)
        return false;
    OWN(free) char *uri = topic_uri(gcp, topic, err);
    if (!uri)
        return false;
    json_auto_t *body = json_pack(
        "{s:s, s:s, s:o*, s:s*}", "topic", uri, "payload_format", "JSON_API_V1", "event_types",
        event_types ? split_commas(event_types) : NULL, "object_name_prefix", prefix);
    if (!body)
        return err_set(err, ERR_INPUT, "the prefix is not valid UTF-8");
    struct google_call call = {
        .api = GCP_API_STORAGE, .target = target, .json = body, .no_retry = true};
    json_auto_t *reply = google_call_json(gcp, &call, err);
    if (!reply)
        return false;
    struct jread reader = jread_open(reply, "notification", ERR_UPSTREAM, err);
    const char *new_id = jread_str(&reader, "id");
    if (id && jread_ok(&reader))
        *id = str_copy(new_id);
    return jread_ok(&reader);
}

bool gcp_notification_delete(struct gcp *gcp, const char *bucket, const char *id, struct err *err)
{
    OWN(free) char *encoded = url_encode_text(id);
    OWN(free) char *what = str_format("/notificationConfigs/%s", encoded);
    OWN(free) char *target = storage_bucket_target(bucket, what, err);
    if (!target)
        return false;
    struct google_call call = {.api = GCP_API_STORAGE, .method = "DELETE", .target = target};
    return google_call_ignore_reply(gcp, &call, err);
}

/* The list's strings joined by commas; NULL for an empty list. */
static char *join_commas(struct jread *list)
{
    OWN(buf) struct buf text = {0};
    for (size_t i = 0; i < jread_count(list); i++)
        buf_add_format(&text, "%s%s", i ? "," : "", jread_item_str(list, i));
    return text.len ? buf_take(&text) : NULL;
}

static void add_notification(struct jread *item, struct gcp_notifications *context)
{
    const char *topic = jread_str(item, "topic");
    const char *prefix = jread_str_or(item, "object_name_prefix", NULL);
    struct jread types = jread_list_or_empty(item, "event_types");
    bool has_prefix = str_starts(topic, TOPIC_PREFIX);
    context->list = alloc_resize(context->list, (context->count + 1) * sizeof(context->list[0]));
    context->list[context->count++] = (struct gcp_notification){
        .id = str_copy(jread_str(item, "id")),
        .topic = str_copy(has_prefix ? topic + strlen(TOPIC_PREFIX) : topic),
        .event_types = join_commas(&types),
        .prefix = str_empty(prefix) ? NULL : str_copy(prefix),
    };
}

static bool read_notifications(struct jread *page, void *context)
{
    struct jread list = jread_list_or_empty(page, "items");
    for (size_t i = 0; i < jread_count(&list); i++) {
        struct jread item = jread_item(&list, i);
        add_notification(&item, context);
    }
    return jread_ok(page);
}

bool gcp_notification_list(struct gcp *gcp, const char *bucket,
                           struct gcp_notifications *notifications, struct err *err)
{
    OWN(free) char *target = storage_bucket_target(bucket, "/notificationConfigs", err);
    return target &&
           list_pages(gcp, GCP_API_STORAGE, target, read_notifications, notifications, err);
}
