/* What requests and resources of Pub/Sub may hold, as tables for proto_read. */
#include "gcp-local/pubsub/rest/resource_fields.h"

static const struct proto_field storage_policy[] = {
    {"allowedPersistenceRegions", PROTO_STRINGS, NULL},
    {"enforceInTransit", PROTO_BOOL, NULL},
    {0},
};

const struct proto_field schema_topic[] = {
    {"name", PROTO_STRING, NULL},
    {"labels", PROTO_MAP, NULL},
    {"messageStoragePolicy", PROTO_OBJECT, storage_policy},
    {"kmsKeyName", PROTO_STRING, NULL},
    {"schemaSettings", PROTO_ANY, NULL},
    {"satisfiesPzs", PROTO_BOOL, NULL},
    {"messageRetentionDuration", PROTO_DURATION, NULL},
    {"state", PROTO_OUTPUT, NULL},
    {"ingestionDataSourceSettings", PROTO_ANY, NULL},
    {"messageTransforms", PROTO_ANY, NULL},
    {"tags", PROTO_MAP, NULL},
    {0},
};

const struct proto_field schema_update_topic[] = {
    {"topic", PROTO_OBJECT, schema_topic},
    {"updateMask", PROTO_MASK, NULL},
    {0},
};

static const struct proto_field oidc_token[] = {
    {"serviceAccountEmail", PROTO_STRING, NULL},
    {"audience", PROTO_STRING, NULL},
    {0},
};

static const struct proto_field no_wrapper[] = {
    {"writeMetadata", PROTO_BOOL, NULL},
    {0},
};

static const struct proto_field pubsub_wrapper[] = {{0}};

static const struct proto_field push_config[] = {
    {"pushEndpoint", PROTO_STRING, NULL},    {"attributes", PROTO_MAP, NULL},
    {"oidcToken", PROTO_OBJECT, oidc_token}, {"pubsubWrapper", PROTO_OBJECT, pubsub_wrapper},
    {"noWrapper", PROTO_OBJECT, no_wrapper}, {0},
};

static const struct proto_field expiration_policy[] = {
    {"ttl", PROTO_DURATION, NULL},
    {0},
};

static const struct proto_field dead_letter_policy[] = {
    {"deadLetterTopic", PROTO_STRING, NULL},
    {"maxDeliveryAttempts", PROTO_INT32, NULL},
    {0},
};

static const struct proto_field retry_policy[] = {
    {"minimumBackoff", PROTO_DURATION, NULL},
    {"maximumBackoff", PROTO_DURATION, NULL},
    {0},
};

const struct proto_field schema_subscription[] = {
    {"name", PROTO_STRING, NULL},
    {"topic", PROTO_STRING, NULL},
    {"pushConfig", PROTO_OBJECT, push_config},
    {"bigqueryConfig", PROTO_ANY, NULL},
    {"cloudStorageConfig", PROTO_ANY, NULL},
    {"ackDeadlineSeconds", PROTO_INT32, NULL},
    {"retainAckedMessages", PROTO_BOOL, NULL},
    {"messageRetentionDuration", PROTO_DURATION, NULL},
    {"labels", PROTO_MAP, NULL},
    {"enableMessageOrdering", PROTO_BOOL, NULL},
    {"expirationPolicy", PROTO_OBJECT, expiration_policy},
    {"filter", PROTO_STRING, NULL},
    {"deadLetterPolicy", PROTO_OBJECT, dead_letter_policy},
    {"retryPolicy", PROTO_OBJECT, retry_policy},
    {"detached", PROTO_OUTPUT, NULL},
    {"enableExactlyOnceDelivery", PROTO_BOOL, NULL},
    {"topicMessageRetentionDuration", PROTO_OUTPUT, NULL},
    {"state", PROTO_OUTPUT, NULL},
    {"analyticsHubSubscriptionInfo", PROTO_OUTPUT, NULL},
    {"messageTransforms", PROTO_ANY, NULL},
    {"tags", PROTO_MAP, NULL},
    {0},
};

const struct proto_field schema_update_subscription[] = {
    {"subscription", PROTO_OBJECT, schema_subscription},
    {"updateMask", PROTO_MASK, NULL},
    {0},
};

const struct proto_field schema_pull[] = {
    {"subscription", PROTO_STRING, NULL},
    {"returnImmediately", PROTO_BOOL, NULL},
    {"maxMessages", PROTO_INT32, NULL},
    {0},
};

const struct proto_field schema_acknowledge[] = {
    {"subscription", PROTO_STRING, NULL},
    {"ackIds", PROTO_STRINGS, NULL},
    {0},
};

const struct proto_field schema_modify_ack_deadline[] = {
    {"subscription", PROTO_STRING, NULL},
    {"ackIds", PROTO_STRINGS, NULL},
    {"ackDeadlineSeconds", PROTO_INT32, NULL},
    {0},
};

const struct proto_field schema_modify_push_config[] = {
    {"subscription", PROTO_STRING, NULL},
    {"pushConfig", PROTO_OBJECT, push_config},
    {0},
};

const struct proto_field schema_seek[] = {
    {"subscription", PROTO_STRING, NULL},
    {"time", PROTO_TIMESTAMP, NULL},
    {"snapshot", PROTO_STRING, NULL},
    {0},
};

const struct proto_field schema_create_snapshot[] = {
    {"name", PROTO_STRING, NULL},
    {"subscription", PROTO_STRING, NULL},
    {"labels", PROTO_MAP, NULL},
    {"tags", PROTO_MAP, NULL},
    {0},
};

static const struct proto_field snapshot[] = {
    {"name", PROTO_STRING, NULL},
    {"topic", PROTO_STRING, NULL},
    {"expireTime", PROTO_TIMESTAMP, NULL},
    {"labels", PROTO_MAP, NULL},
    {0},
};

const struct proto_field schema_update_snapshot[] = {
    {"snapshot", PROTO_OBJECT, snapshot},
    {"updateMask", PROTO_MASK, NULL},
    {0},
};

static const struct proto_field binding[] = {
    {"role", PROTO_STRING, NULL},
    {"members", PROTO_STRINGS, NULL},
    {"condition", PROTO_ANY, NULL},
    {0},
};

static const struct proto_field policy[] = {
    {"version", PROTO_INT32, NULL},
    {"bindings", PROTO_LIST, binding},
    {"auditConfigs", PROTO_ANY, NULL},
    {"etag", PROTO_STRING, NULL},
    {0},
};

const struct proto_field schema_get_iam_policy[] = {
    {"resource", PROTO_STRING, NULL},
    {"options", PROTO_ANY, NULL},
    {0},
};

const struct proto_field schema_set_iam_policy[] = {
    {"resource", PROTO_STRING, NULL},
    {"policy", PROTO_OBJECT, policy},
    {"updateMask", PROTO_MASK, NULL},
    {0},
};

const struct proto_field schema_test_iam_permissions[] = {
    {"resource", PROTO_STRING, NULL},
    {"permissions", PROTO_STRINGS, NULL},
    {0},
};

const struct proto_field schema_empty[] = {
    {"subscription", PROTO_STRING, NULL},
    {0},
};
