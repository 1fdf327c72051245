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

/* Runs a route within the transaction. True with reply filled or held set; else err. */
typedef bool rest_operation(struct rest_call *call, struct err *err);

/* Writes a tree as the reply; rest_reply_new releases it. Always true. */
bool rest_reply(struct rest_call *call, const json_t *tree);
bool rest_reply_new(struct rest_call *call, json_t *tree);

/* Whether a name "projects/P/…" is in the project of the call. */
bool rest_in_project(const struct rest_call *call, const char *name);

/* The resource that the path names; NULL and err (ERR_NOT_FOUND). */
struct topic *rest_topic(const struct rest_call *call, struct err *err);
struct subscription *rest_subscription(const struct rest_call *call, struct err *err);
struct snapshot *rest_snapshot(const struct rest_call *call, struct err *err);

/* A resource of the body, with the name of the path. NULL and err (ERR_INPUT) when the body has
 * another name. New reference. */
json_t *rest_resource_named(const struct rest_call *call, const json_t *resource, struct err *err);

/* A copy of the resource with the fields of the body's updateMask taken from the body's member, or
 * removed when that lacks them. The fields in immutable, which ends with NULL, cannot be changed.
 * kind is for messages: "Topic". NULL and err (ERR_INPUT). New reference. */
json_t *rest_patch(const struct rest_call *call, const char *member, const json_t *resource,
                   const struct proto_json_field *fields, const char *const *immutable,
                   const char *kind, struct err *err);

/* Writes the page that the query asks for as the reply: {"KEY": […], "nextPageToken": "…"}. Sorts
 * the list. */
struct rest_item {
    const char *name;
    const json_t *config; /* NULL: only the name is listed */
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
