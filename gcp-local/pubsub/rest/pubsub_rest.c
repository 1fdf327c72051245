/* SPDX-License-Identifier: Apache-2.0 */
/* Which path and method does what, and what every request has in common. */
#include "gcp-local/pubsub/rest/pubsub_rest.h"

#include "base/str.h"
#include "gcp-local/api/api.h"
#include "gcp-local/api/gzip_body.h"
#include "gcp-local/pubsub/engine/pubsub_name.h"
#include "gcp-local/pubsub/rest/rest_call.h"

#include <string.h>

enum { MAX_BODY = 32 << 20 };

enum path_kind {
    COLLECTION,    /* projects/P/topics */
    RESOURCE,      /* projects/P/topics/T */
    VERB,          /* projects/P/topics/T:verb */
    SUBCOLLECTION, /* projects/P/topics/T/subcollection */
};

struct route {
    const char *method, *collection; /* collection NULL: any of the three */
    enum path_kind kind;
    const char *last;                      /* the verb or subcollection */
    const struct proto_json_field *fields; /* of the body; NULL: it is not read */
    rest_operation *operation;
    bool changes; /* needs a store that can be written */
};

static const struct route routes[] = {
    {"POST", "topics", VERB, "publish", NULL, rest_publish, true},
    {"POST", "subscriptions", VERB, "pull", rest_pull_fields, rest_pull, false},
    {"POST", "subscriptions", VERB, "acknowledge", rest_acknowledge_fields, rest_acknowledge,
     false},
    {"POST", "subscriptions", VERB, "modifyAckDeadline", rest_modify_ack_deadline_fields,
     rest_modify_ack_deadline, false},

    {"PUT", "topics", RESOURCE, NULL, rest_topic_fields, rest_create_topic, true},
    {"GET", "topics", RESOURCE, NULL, NULL, rest_get_topic, false},
    {"PATCH", "topics", RESOURCE, NULL, rest_update_topic_fields, rest_update_topic, true},
    {"DELETE", "topics", RESOURCE, NULL, NULL, rest_delete_topic, true},
    {"GET", "topics", COLLECTION, NULL, NULL, rest_list_topics, false},
    {"GET", "topics", SUBCOLLECTION, "subscriptions", NULL, rest_list_topic_subscriptions, false},
    {"GET", "topics", SUBCOLLECTION, "snapshots", NULL, rest_list_topic_snapshots, false},

    {"PUT", "subscriptions", RESOURCE, NULL, rest_subscription_fields, rest_create_subscription,
     true},
    {"GET", "subscriptions", RESOURCE, NULL, NULL, rest_get_subscription, false},
    {"PATCH", "subscriptions", RESOURCE, NULL, rest_update_subscription_fields,
     rest_update_subscription, true},
    {"DELETE", "subscriptions", RESOURCE, NULL, NULL, rest_delete_subscription, true},
    {"GET", "subscriptions", COLLECTION, NULL, NULL, rest_list_subscriptions, false},
    {"POST", "subscriptions", VERB, "modifyPushConfig", rest_modify_push_config_fields,
     rest_modify_push_config, true},
    {"POST", "subscriptions", VERB, "seek", rest_seek_fields, rest_seek, true},
    {"POST", "subscriptions", VERB, "detach", rest_detach_subscription_fields,
     rest_detach_subscription, true},

    {"PUT", "snapshots", RESOURCE, NULL, rest_create_snapshot_fields, rest_create_snapshot, true},
    {"GET", "snapshots", RESOURCE, NULL, NULL, rest_get_snapshot, false},
    {"PATCH", "snapshots", RESOURCE, NULL, rest_update_snapshot_fields, rest_update_snapshot, true},
    {"DELETE", "snapshots", RESOURCE, NULL, NULL, rest_delete_snapshot, true},
    {"GET", "snapshots", COLLECTION, NULL, NULL, rest_list_snapshots, false},

    {"GET", NULL, VERB, "getIamPolicy", NULL, rest_get_iam_policy, false},
    {"POST", NULL, VERB, "getIamPolicy", rest_get_iam_policy_fields, rest_get_iam_policy, false},
    {"POST", NULL, VERB, "setIamPolicy", rest_set_iam_policy_fields, rest_set_iam_policy, true},
    {"POST", NULL, VERB, "testIamPermissions", rest_test_iam_permissions_fields,
     rest_test_iam_permissions, false},
};

static bool is_collection(const char *name)
{
    return str_equal(name, "topics") || str_equal(name, "subscriptions") ||
           str_equal(name, "snapshots");
}

bool pubsub_rest_owns(const char *path)
{
    static const char *const collections[] = {"topics", "subscriptions", "snapshots", "schemas"};
    if (!str_starts(path, "/v1/projects/"))
        return false;
    const char *slash = strchr(path + strlen("/v1/projects/"), '/');
    for (size_t i = 0; slash && i < ARRAY_SIZE(collections); i++) {
        size_t len = strlen(collections[i]);
        if (str_starts(slash + 1, collections[i]) && strchr("/:?", slash[1 + len]))
            return true;
    }
    return false;
}

static enum path_kind kind_of(const struct api_path *path)
{
    if (path->count == 3)
        return COLLECTION;
    if (path->verb)
        return VERB;
    return path->count == 4 ? RESOURCE : SUBCOLLECTION;
}

static const struct route *find_route(const struct api_path *path, const char *method)
{
    if (path->count < 3 || path->count > 5 || !is_collection(path->segment[2]))
        return NULL;
    enum path_kind kind = kind_of(path);
    const char *last = kind == VERB ? path->verb : kind == SUBCOLLECTION ? path->segment[4] : NULL;
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        const struct route *route = &routes[i];
        if (route->kind == kind && str_equal(route->method, method) &&
            str_equal(route->last, last) &&
            (!route->collection || str_equal(route->collection, path->segment[2])))
            return route;
    }
    return NULL;
}

static bool decode_content(struct http_exchange *exchange, struct err *err)
{
    const char *coding = headers_get(&exchange->headers, "Content-Encoding");
    if (str_empty(coding) || str_equal_any_case(coding, "identity"))
        return true;
    if (!str_equal_any_case(coding, "gzip"))
        return err_set(err, ERR_FORMAT, "Content-Encoding %s is not supported", coding);
    OWN(buf) struct buf plain = {.max = MAX_BODY};
    if (!gzip_body_unpack(buf_bytes(&exchange->body), &plain, err))
        return false;
    struct buf packed = exchange->body;
    exchange->body = plain;
    plain = packed;
    return true;
}

static bool read_body(struct rest_call *call, const struct route *route, struct err *err)
{
    if (!decode_content(call->exchange, err))
        return false;
    if (route->operation == rest_publish)
        return publish_body_read(buf_bytes(&call->exchange->body), &call->messages, err);
    if (!route->fields)
        return true;
    json_auto_t *body = api_body(call->exchange, err);
    call->body = body ? proto_json_read(body, route->fields, err) : NULL;
    return call->body != NULL;
}

/* A reply that waits for the store. */
struct pending_reply {
    struct http_exchange *exchange;
    struct buf reply;
    bool fails; /* with the store; else what it could not write is written later */
};

static void answer_json(struct http_exchange *exchange, struct buf *body)
{
    struct http_reply reply = {.content_type = "application/json; charset=UTF-8", .body = *body};
    *body = (struct buf){0};
    http_exchange_reply(exchange, &reply);
}

static void reply_written(void *context, const struct err *err)
{
    struct pending_reply *pending = context;
    if (err && pending->fails)
        api_reply_err(pending->exchange, API_ONE_PLATFORM, err);
    else
        answer_json(pending->exchange, &pending->reply);
    buf_done(&pending->reply);
    free(pending);
}

/* Ends the transaction. The reply is sent once its changes are stored. */
static void finish(struct rest_call *call, const struct route *route)
{
    bool changed = call->tx.engine->changes.count != 0;
    if (call->held || !changed) {
        pubsub_transaction_end(&call->tx, NULL, NULL);
        if (!call->held)
            answer_json(call->exchange, &call->reply);
        return;
    }
    struct pending_reply *pending = alloc_zeroed(sizeof(*pending));
    *pending = (struct pending_reply){call->exchange, call->reply, route->changes};
    call->reply = (struct buf){0};
    http_exchange_hold(call->exchange);
    pubsub_transaction_end(&call->tx, reply_written, pending);
}

static void perform(struct rest_call *call, const struct route *route, struct pubsub *pubsub,
                    struct err *err)
{
    if ((call->name && !pubsub_name_check(call->name, call->collection, err)) ||
        !read_body(call, route, err))
        return;
    call->tx = pubsub_transaction_begin(pubsub);
    if ((!route->changes || pubsub_transaction_ready(&call->tx, err)) &&
        route->operation(call, err))
        finish(call, route);
    else
        pubsub_transaction_end(&call->tx, NULL, NULL);
}

static void not_found(struct http_exchange *exchange)
{
    http_exchange_reply_text(exchange, 404, "Not Found\n");
}

/* Schemas are not supported; the list is empty. */
static void answer_schemas(struct http_exchange *exchange, const struct api_path *path)
{
    if (path->count == 3 && !path->verb && str_equal(exchange->method, "GET"))
        http_exchange_reply_json(exchange, 200, json_object());
    else
        api_reject(exchange, API_ONE_PLATFORM, ERR_INPUT, NULL,
                   "schemas are not supported by gcp-local");
}

void pubsub_rest_handle(struct http_exchange *exchange, void *pubsub)
{
    OWN(api_path) struct api_path path = {0};
    if (!api_path_parse(exchange->path, "/v1/", &path)) {
        not_found(exchange);
        return;
    }
    if (path.count >= 3 && str_equal(path.segment[2], "schemas")) {
        answer_schemas(exchange, &path);
        return;
    }
    const struct route *route = find_route(&path, exchange->method);
    if (!route) {
        not_found(exchange);
        return;
    }
    struct rest_call call = {
        .exchange = exchange, .project = path.segment[1], .collection = path.segment[2]};
    if (path.count > 3)
        call.name =
            str_format("projects/%s/%s/%s", path.segment[1], path.segment[2], path.segment[3]);
    struct err err = {0};
    perform(&call, route, pubsub, &err);
    if (err.status)
        api_reply_err(exchange, API_ONE_PLATFORM, &err);
    free(call.name);
    json_decref(call.body);
    publish_body_done(&call.messages);
    buf_done(&call.reply);
}
