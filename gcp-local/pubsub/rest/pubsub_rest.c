/* SPDX-License-Identifier: Apache-2.0 */
/* The REST edge: which path and method does what, and what every request has in common. */
#include "gcp-local/pubsub/rest/pubsub_rest.h"

#include "base/str.h"
#include "gcp-local/api/api.h"
#include "gcp-local/api/gzip_body.h"
#include "gcp-local/pubsub/engine/pubsub_name.h"
#include "gcp-local/pubsub/rest/rest_call.h"

#include <string.h>

enum { MOST_BODY = 32 << 20 };

/* What a path names. */
enum shape {
    LIST,  /* projects/P/topics */
    ITEM,  /* projects/P/topics/T */
    VERB,  /* projects/P/topics/T:what */
    INNER, /* projects/P/topics/T/what */
};

struct route {
    const char *method, *collection; /* collection NULL: any of the three */
    enum shape shape;
    const char *what;
    const struct proto_json_field *schema; /* of the body; NULL: it is not read */
    rest_operation *operation;
    bool changes; /* needs the store */
};

static const struct route routes[] = {
    {"POST", "topics", VERB, "publish", NULL, rest_publish, true},
    {"POST", "subscriptions", VERB, "pull", rest_pull_fields, rest_pull, false},
    {"POST", "subscriptions", VERB, "acknowledge", rest_acknowledge_fields, rest_acknowledge,
     false},
    {"POST", "subscriptions", VERB, "modifyAckDeadline", rest_modify_ack_deadline_fields,
     rest_modify_ack_deadline, false},

    {"PUT", "topics", ITEM, NULL, rest_topic_fields, rest_create_topic, true},
    {"GET", "topics", ITEM, NULL, NULL, rest_get_topic, false},
    {"PATCH", "topics", ITEM, NULL, rest_update_topic_fields, rest_update_topic, true},
    {"DELETE", "topics", ITEM, NULL, NULL, rest_delete_topic, true},
    {"GET", "topics", LIST, NULL, NULL, rest_list_topics, false},
    {"GET", "topics", INNER, "subscriptions", NULL, rest_list_topic_subscriptions, false},
    {"GET", "topics", INNER, "snapshots", NULL, rest_list_topic_snapshots, false},

    {"PUT", "subscriptions", ITEM, NULL, rest_subscription_fields, rest_create_subscription, true},
    {"GET", "subscriptions", ITEM, NULL, NULL, rest_get_subscription, false},
    {"PATCH", "subscriptions", ITEM, NULL, rest_update_subscription_fields,
     rest_update_subscription, true},
    {"DELETE", "subscriptions", ITEM, NULL, NULL, rest_delete_subscription, true},
    {"GET", "subscriptions", LIST, NULL, NULL, rest_list_subscriptions, false},
    {"POST", "subscriptions", VERB, "modifyPushConfig", rest_modify_push_config_fields,
     rest_modify_push_config, true},
    {"POST", "subscriptions", VERB, "seek", rest_seek_fields, rest_seek, true},
    {"POST", "subscriptions", VERB, "detach", rest_detach_subscription_fields,
     rest_detach_subscription, true},

    {"PUT", "snapshots", ITEM, NULL, rest_create_snapshot_fields, rest_create_snapshot, true},
    {"GET", "snapshots", ITEM, NULL, NULL, rest_get_snapshot, false},
    {"PATCH", "snapshots", ITEM, NULL, rest_update_snapshot_fields, rest_update_snapshot, true},
    {"DELETE", "snapshots", ITEM, NULL, NULL, rest_delete_snapshot, true},
    {"GET", "snapshots", LIST, NULL, NULL, rest_list_snapshots, false},

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

static enum shape shape_of(const struct api_path *path)
{
    if (path->count == 3)
        return LIST;
    if (path->verb)
        return VERB;
    return path->count == 4 ? ITEM : INNER;
}

static const struct route *find_route(const struct api_path *path, const char *method)
{
    if (path->count < 3 || path->count > 5 || !is_collection(path->segment[2]))
        return NULL;
    enum shape shape = shape_of(path);
    const char *what = shape == VERB ? path->verb : shape == INNER ? path->segment[4] : NULL;
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        const struct route *route = &routes[i];
        if (route->shape == shape && str_equal(route->method, method) &&
            str_equal(route->what, what) &&
            (!route->collection || str_equal(route->collection, path->segment[2])))
            return route;
    }
    return NULL;
}

static bool unpack(struct http_exchange *exchange, struct err *err)
{
    const char *coding = headers_get(&exchange->headers, "Content-Encoding");
    if (str_empty(coding) || str_equal_any_case(coding, "identity"))
        return true;
    if (!str_equal_any_case(coding, "gzip"))
        return err_set(err, ERR_FORMAT, "Content-Encoding %s is not supported", coding);
    OWN(buf) struct buf plain = {.max = MOST_BODY};
    if (!gzip_body_unpack(buf_bytes(&exchange->body), &plain, err))
        return false;
    struct buf packed = exchange->body;
    exchange->body = plain;
    plain = packed;
    return true;
}

static bool read_body(struct rest_call *call, const struct route *route, struct err *err)
{
    if (!unpack(call->exchange, err))
        return false;
    if (route->operation == rest_publish)
        return publish_body_read(buf_bytes(&call->exchange->body), &call->messages, err);
    if (!route->schema)
        return true;
    json_auto_t *body = api_body(call->exchange, err);
    call->body = body ? proto_json_read(body, route->schema, err) : NULL;
    return call->body != NULL;
}

/* A reply that waits for the store. */
struct pending {
    struct http_exchange *exchange;
    struct buf reply;
};

static void answer_json(struct http_exchange *exchange, struct buf *body)
{
    struct http_reply reply = {.content_type = "application/json; charset=UTF-8", .body = *body};
    *body = (struct buf){0};
    http_exchange_reply(exchange, &reply);
}

static void reply_written(void *context, const struct err *err)
{
    struct pending *pending = context;
    if (err)
        api_reply_err(pending->exchange, API_ONE_PLATFORM, err);
    else
        answer_json(pending->exchange, &pending->reply);
    buf_done(&pending->reply);
    free(pending);
}

/* Ends the turn; the reply goes out when the store has what it says. */
static void finish(struct rest_call *call)
{
    bool kept = call->tx.engine->changes.count != 0;
    if (call->held || !kept) {
        pubsub_transaction_end(&call->tx, NULL, NULL);
        if (!call->held)
            answer_json(call->exchange, &call->reply);
        return;
    }
    struct pending *pending = alloc_zeroed(sizeof(*pending));
    *pending = (struct pending){call->exchange, call->reply};
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
        finish(call);
    else
        pubsub_transaction_end(&call->tx, NULL, NULL);
}

static void not_found(struct http_exchange *exchange)
{
    http_exchange_reply_text(exchange, 404, "Not Found\n");
}

/* Schemas are known, and there are none. */
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
