/* SPDX-License-Identifier: Apache-2.0 */
/* A request on its way through the REST API, and what its operations share. */
#ifndef GCP_LOCAL_PUBSUB_REST_REST_CALL_H
#define GCP_LOCAL_PUBSUB_REST_REST_CALL_H

#include "gcp-local/api/proto_json.h"
#include "gcp-local/pubsub/pubsub_transaction.h"
#include "gcp-local/pubsub/wire/publish_body.h"

struct rest_call {
    struct pubsub_transaction tx; /* begun when an operation runs */
    struct http_exchange *exchange;
    const char *project;    /* the segment of the path */
    const char *collection; /* "topics", "subscriptions", "snapshots" */
    char *name;             /* "projects/P/topics/T"; NULL for the list of a project */
    json_t *body;           /* as the fields of the route have it; NULL when it has none */
    struct publish_body messages;
    struct buf reply; /* JSON text */
    bool held;        /* answered by a long poll */
};

/* What a route does, under the lock. False with err; true with reply filled or held set. */
typedef bool rest_operation(struct rest_call *call, struct err *err);

/* Writes a tree as the reply: a resource, or one that is released. Always true. */
bool rest_reply(struct rest_call *call, const json_t *tree);
bool rest_reply_new(struct rest_call *call, json_t *tree);

/* Whether a name "projects/P/…" is in the project of the call. */
bool rest_in_project(const struct rest_call *call, const char *name);

/* What the path names; NULL and err (ERR_NOT_FOUND). */
struct topic *rest_topic(const struct rest_call *call, struct err *err);
struct subscription *rest_subscription(const struct rest_call *call, struct err *err);
struct snapshot *rest_snapshot(const struct rest_call *call, struct err *err);

/* A resource from the body with the path's name. A body that names another is refused. New
 * reference. */
json_t *rest_resource_named(const struct rest_call *call, const json_t *resource, struct err *err);

/* The resource with the fields that the update mask names taken from the patch; those that the
 * patch lacks are removed. `fixed` (ends with NULL) cannot be changed. NULL and err. New reference.
 */
json_t *rest_patch(const json_t *resource, const json_t *patch, const char *mask,
                   const struct proto_json_field *fields, const char *const *fixed,
                   const char *kind, struct err *err);

/* Adds the page of names or resources that the query asks for: {"KEY": […], "nextPageToken"}. list
 * is sorted here. */
struct rest_item {
    const char *name;
    const json_t *config; /* NULL: only the name is shown */
};
bool rest_page(struct rest_call *call, const char *key, struct rest_item *list, size_t count,
               struct err *err);

/* The operations, and the fields of their bodies. */

extern const struct proto_json_field rest_topic_fields[], rest_update_topic_fields[];
rest_operation rest_create_topic, rest_get_topic, rest_update_topic, rest_delete_topic,
    rest_list_topics, rest_list_topic_subscriptions, rest_list_topic_snapshots, rest_publish;

extern const struct proto_json_field rest_subscription_fields[], rest_update_subscription_fields[],
    rest_modify_push_config_fields[], rest_detach_subscription_fields[], rest_seek_fields[];
rest_operation rest_create_subscription, rest_get_subscription, rest_update_subscription,
    rest_delete_subscription, rest_list_subscriptions, rest_modify_push_config,
    rest_detach_subscription, rest_seek;

extern const struct proto_json_field rest_pull_fields[], rest_acknowledge_fields[],
    rest_modify_ack_deadline_fields[];
rest_operation rest_pull, rest_acknowledge, rest_modify_ack_deadline;

extern const struct proto_json_field rest_create_snapshot_fields[], rest_update_snapshot_fields[];
rest_operation rest_create_snapshot, rest_get_snapshot, rest_update_snapshot, rest_delete_snapshot,
    rest_list_snapshots;

extern const struct proto_json_field rest_get_iam_policy_fields[], rest_set_iam_policy_fields[],
    rest_test_iam_permissions_fields[];
rest_operation rest_get_iam_policy, rest_set_iam_policy, rest_test_iam_permissions;

#endif
