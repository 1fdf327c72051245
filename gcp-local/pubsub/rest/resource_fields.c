/* SPDX-License-Identifier: Apache-2.0 */
/* What requests and resources of Pub/Sub may hold, as tables for proto_json_read. */
#include "gcp-local/pubsub/rest/resource_fields.h"

static const struct proto_json_field storage_policy[] = {
    {"allowedPersistenceRegions", PROTO_JSON_STRINGS, NULL},
    {"enforceInTransit", PROTO_JSON_BOOL, NULL},
    {0},
};

const struct proto_json_field resource_fields_topic[] = {
    {"name", PROTO_JSON_STRING, NULL},
    {"labels", PROTO_JSON_MAP, NULL},
    {"messageStoragePolicy", PROTO_JSON_OBJECT, storage_policy},
    {"kmsKeyName", PROTO_JSON_STRING, NULL},
    {"schemaSettings", PROTO_JSON_ANY, NULL},
    {"satisfiesPzs", PROTO_JSON_BOOL, NULL},
    {"messageRetentionDuration", PROTO_JSON_DURATION, NULL},
    {"state", PROTO_JSON_OUTPUT, NULL},
    {"ingestionDataSourceSettings", PROTO_JSON_ANY, NULL},
    {"messageTransforms", PROTO_JSON_ANY, NULL},
    {"tags", PROTO_JSON_MAP, NULL},
    {0},
};

const struct proto_json_field resource_fields_update_topic[] = {
    {"topic", PROTO_JSON_OBJECT, resource_fields_topic},
    {"updateMask", PROTO_JSON_MASK, NULL},
    {0},
};

static const struct proto_json_field oidc_token[] = {
    {"serviceAccountEmail", PROTO_JSON_STRING, NULL},
    {"audience", PROTO_JSON_STRING, NULL},
    {0},
};

static const struct proto_json_field no_wrapper[] = {
    {"writeMetadata", PROTO_JSON_BOOL, NULL},
    {0},
};

static const struct proto_json_field pubsub_wrapper[] = {{0}};

static const struct proto_json_field push_config[] = {
    {"pushEndpoint", PROTO_JSON_STRING, NULL},
    {"attributes", PROTO_JSON_MAP, NULL},
    {"oidcToken", PROTO_JSON_OBJECT, oidc_token},
    {"pubsubWrapper", PROTO_JSON_OBJECT, pubsub_wrapper},
    {"noWrapper", PROTO_JSON_OBJECT, no_wrapper},
    {0},
};

static const struct proto_json_field expiration_policy[] = {
    {"ttl", PROTO_JSON_DURATION, NULL},
    {0},
};

static const struct proto_json_field dead_letter_policy[] = {
    {"deadLetterTopic", PROTO_JSON_STRING, NULL},
    {"maxDeliveryAttempts", PROTO_JSON_INT32, NULL},
    {0},
};

static const struct proto_json_field retry_policy[] = {
    {"minimumBackoff", PROTO_JSON_DURATION, NULL},
    {"maximumBackoff", PROTO_JSON_DURATION, NULL},
    {0},
};

const struct proto_json_field resource_fields_subscription[] = {
    {"name", PROTO_JSON_STRING, NULL},
    {"topic", PROTO_JSON_STRING, NULL},
    {"pushConfig", PROTO_JSON_OBJECT, push_config},
    {"bigqueryConfig", PROTO_JSON_ANY, NULL},
    {"cloudStorageConfig", PROTO_JSON_ANY, NULL},
    {"ackDeadlineSeconds", PROTO_JSON_INT32, NULL},
    {"retainAckedMessages", PROTO_JSON_BOOL, NULL},
    {"messageRetentionDuration", PROTO_JSON_DURATION, NULL},
    {"labels", PROTO_JSON_MAP, NULL},
    {"enableMessageOrdering", PROTO_JSON_BOOL, NULL},
    {"expirationPolicy", PROTO_JSON_OBJECT, expiration_policy},
    {"filter", PROTO_JSON_STRING, NULL},
    {"deadLetterPolicy", PROTO_JSON_OBJECT, dead_letter_policy},
    {"retryPolicy", PROTO_JSON_OBJECT, retry_policy},
    {"detached", PROTO_JSON_OUTPUT, NULL},
    {"enableExactlyOnceDelivery", PROTO_JSON_BOOL, NULL},
    {"topicMessageRetentionDuration", PROTO_JSON_OUTPUT, NULL},
    {"state", PROTO_JSON_OUTPUT, NULL},
    {"analyticsHubSubscriptionInfo", PROTO_JSON_OUTPUT, NULL},
    {"messageTransforms", PROTO_JSON_ANY, NULL},
    {"tags", PROTO_JSON_MAP, NULL},
    {0},
};

const struct proto_json_field resource_fields_update_subscription[] = {
    {"subscription", PROTO_JSON_OBJECT, resource_fields_subscription},
    {"updateMask", PROTO_JSON_MASK, NULL},
    {0},
};

const struct proto_json_field resource_fields_pull[] = {
    {"subscription", PROTO_JSON_STRING, NULL},
    {"returnImmediately", PROTO_JSON_BOOL, NULL},
    {"maxMessages", PROTO_JSON_INT32, NULL},
    {0},
};

const struct proto_json_field resource_fields_acknowledge[] = {
    {"subscription", PROTO_JSON_STRING, NULL},
    {"ackIds", PROTO_JSON_STRINGS, NULL},
    {0},
};

const struct proto_json_field resource_fields_modify_ack_deadline[] = {
    {"subscription", PROTO_JSON_STRING, NULL},
    {"ackIds", PROTO_JSON_STRINGS, NULL},
    {"ackDeadlineSeconds", PROTO_JSON_INT32, NULL},
    {0},
};

const struct proto_json_field resource_fields_modify_push_config[] = {
    {"subscription", PROTO_JSON_STRING, NULL},
    {"pushConfig", PROTO_JSON_OBJECT, push_config},
    {0},
};

const struct proto_json_field resource_fields_seek[] = {
    {"subscription", PROTO_JSON_STRING, NULL},
    {"time", PROTO_JSON_TIMESTAMP, NULL},
    {"snapshot", PROTO_JSON_STRING, NULL},
    {0},
};

const struct proto_json_field resource_fields_create_snapshot[] = {
    {"name", PROTO_JSON_STRING, NULL},
    {"subscription", PROTO_JSON_STRING, NULL},
    {"labels", PROTO_JSON_MAP, NULL},
    {"tags", PROTO_JSON_MAP, NULL},
    {0},
};

static const struct proto_json_field snapshot[] = {
    {"name", PROTO_JSON_STRING, NULL},
    {"topic", PROTO_JSON_STRING, NULL},
    {"expireTime", PROTO_JSON_TIMESTAMP, NULL},
    {"labels", PROTO_JSON_MAP, NULL},
    {0},
};

const struct proto_json_field resource_fields_update_snapshot[] = {
    {"snapshot", PROTO_JSON_OBJECT, snapshot},
    {"updateMask", PROTO_JSON_MASK, NULL},
    {0},
};

static const struct proto_json_field binding[] = {
    {"role", PROTO_JSON_STRING, NULL},
    {"members", PROTO_JSON_STRINGS, NULL},
    {"condition", PROTO_JSON_ANY, NULL},
    {0},
};

static const struct proto_json_field policy[] = {
    {"version", PROTO_JSON_INT32, NULL},
    {"bindings", PROTO_JSON_LIST, binding},
    {"auditConfigs", PROTO_JSON_ANY, NULL},
    {"etag", PROTO_JSON_STRING, NULL},
    {0},
};

const struct proto_json_field resource_fields_get_iam_policy[] = {
    {"resource", PROTO_JSON_STRING, NULL},
    {"options", PROTO_JSON_ANY, NULL},
    {0},
};

const struct proto_json_field resource_fields_set_iam_policy[] = {
    {"resource", PROTO_JSON_STRING, NULL},
    {"policy", PROTO_JSON_OBJECT, policy},
    {"updateMask", PROTO_JSON_MASK, NULL},
    {0},
};

const struct proto_json_field resource_fields_test_iam_permissions[] = {
    {"resource", PROTO_JSON_STRING, NULL},
    {"permissions", PROTO_JSON_STRINGS, NULL},
    {0},
};

const struct proto_json_field resource_fields_empty[] = {
    {"subscription", PROTO_JSON_STRING, NULL},
    {0},
};
