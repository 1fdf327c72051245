/* SPDX-License-Identifier: Apache-2.0 */
/* IAM policies over REST: stored and returned; every caller has every permission. */
#include "gcp-local/pubsub/rest/rest_call.h"

#include "base/json/json_at.h"
#include "base/str.h"

#include <inttypes.h>

const struct proto_json_field rest_get_iam_policy_fields[] = {
    {"resource", PROTO_JSON_STRING, NULL},
    {"options", PROTO_JSON_ANY, NULL},
    {0},
};

static const struct proto_json_field binding_fields[] = {
    {"role", PROTO_JSON_STRING, NULL},
    {"members", PROTO_JSON_STRINGS, NULL},
    {"condition", PROTO_JSON_ANY, NULL},
    {0},
};

static const struct proto_json_field policy_fields[] = {
    {"version", PROTO_JSON_INT32, NULL},
    {"bindings", PROTO_JSON_LIST, binding_fields},
    {"auditConfigs", PROTO_JSON_ANY, NULL},
    {"etag", PROTO_JSON_STRING, NULL},
    {0},
};

const struct proto_json_field rest_set_iam_policy_fields[] = {
    {"resource", PROTO_JSON_STRING, NULL},
    {"policy", PROTO_JSON_OBJECT, policy_fields},
    {"updateMask", PROTO_JSON_MASK, NULL},
    {0},
};

const struct proto_json_field rest_test_iam_permissions_fields[] = {
    {"resource", PROTO_JSON_STRING, NULL},
    {"permissions", PROTO_JSON_STRINGS, NULL},
    {0},
};

/* The etag of a policy that was never set. */
static const char no_policy_etag[] = "ACAB";

/* Whether the resource of the path exists. False and err. */
static bool exists(const struct rest_call *call, struct err *err)
{
    if (str_equal(call->collection, "topics"))
        return rest_topic(call, err) != NULL;
    if (str_equal(call->collection, "subscriptions"))
        return rest_subscription(call, err) != NULL;
    return rest_snapshot(call, err) != NULL;
}

bool rest_get_iam_policy(struct rest_call *call, struct err *err)
{
    if (!exists(call, err))
        return false;
    const json_t *policy = engine_iam_policy(call->tx.engine, call->name);
    return policy ? rest_reply(call, policy)
                  : rest_reply_new(call, json_pack("{s:s}", "etag", no_policy_etag));
}

/* Each policy gets its own etag, from the time. It is base64 without the characters in which the
 * two alphabets differ: gcloud reads one and writes the other. */
static json_t *new_etag(int64_t now_ns)
{
    return json_sprintf("%016" PRIx64, (uint64_t)now_ns);
}

bool rest_set_iam_policy(struct rest_call *call, struct err *err)
{
    if (!exists(call, err))
        return false;
    const json_t *new = json_object_get(call->body, "policy");
    if (!new)
        return err_set(err, ERR_INPUT, "The policy to set is missing");
    const json_t *old = engine_iam_policy(call->tx.engine, call->name);
    const char *etag = json_text_at(new, "etag");
    const char *current = old ? json_text_at(old, "etag") : no_policy_etag;
    if (etag && !str_equal(etag, current))
        return err_set_reason(
            err, ERR_CONFLICT, "ABORTED",
            "There were concurrent policy changes: the etag does not match. Please get "
            "the policy again and retry.");
    json_t *policy = json_deep_copy(new);
    json_object_set_new(policy, "etag", new_etag(call->tx.now_ns));
    engine_set_iam_policy(call->tx.engine, call->name, policy);
    return rest_reply(call, policy);
}

bool rest_test_iam_permissions(struct rest_call *call, struct err *err)
{
    if (!exists(call, err))
        return false;
    json_t *permissions = json_object_get(call->body, "permissions");
    return rest_reply_new(call, json_pack("{s:O*}", "permissions", permissions));
}
