/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local's Pub/Sub over REST: what each request is answered with. */
#include "base/base64.h"
#include "base/str.h"
#include "tests/helpers/pubsub_server.h"
#include "tests/helpers/test.h"

#include <string.h>

#define TOPIC               "projects/demo/topics/news"
#define WITH_TOPIC(members) "{\"topic\":\"" TOPIC "\"," members "}"

#define RUN(rows) pubsub_server_run_rows(rows, ARRAY_SIZE(rows))

TEST(a_topic_is_created_read_listed_and_deleted)
{
    static const struct pubsub_server_row rows[] = {
        {"PUT", "topics/one", "{}", 200, "{\"name\":\"projects/demo/topics/one\"}"},
        {"PUT", "topics/one", "{}", 409, "ALREADY_EXISTS"},
        {"GET", "topics/one", NULL, 200, "{\"name\":\"projects/demo/topics/one\"}"},
        {"GET", "topics/none", NULL, 404, "NOT_FOUND"},
        {"PUT", "topics/two", "{\"name\":\"projects/demo/topics/two\"}", 200, NULL},
        {"PUT", "topics/three", "{\"name\":\"projects/demo/topics/two\"}", 400, NULL},
        {"PUT", "topics/node", "{\"labels\":{},\"tags\":{}}", 200,
         "{\"name\":\"projects/demo/topics/node\"}"},
        {"PUT", "topics/kept",
         "{\"labels\":{\"a\":\"b\"},\"kmsKeyName\":\"k\",\"message_retention_duration\":\"700."
         "5s\"}",
         200,
         "{\"name\":\"projects/demo/topics/kept\",\"labels\":{\"a\":\"b\"},\"kmsKeyName\":\"k\","
         "\"messageRetentionDuration\":\"700.500s\"}"},
        {"DELETE", "topics/one", NULL, 200, "{}"},
        {"DELETE", "topics/one", NULL, 404, "NOT_FOUND"},
        {"GET", "topics/one/subscriptions", NULL, 200, "{}"},
        {"GET", "/v1/projects/other/topics", NULL, 200, "{}"},
    };
    RUN(rows);
}

TEST(names_follow_googles_rules)
{
    static const struct pubsub_server_row rows[] = {
        {"PUT", "topics/ab", "{}", 400, "Invalid [topics] name: (name=projects/demo/topics/ab)"},
        {"PUT", "topics/goog-x", "{}", 400, "INVALID_ARGUMENT"},
        {"PUT", "topics/1abc", "{}", 400, "INVALID_ARGUMENT"},
        {"PUT", "topics/a%20b", "{}", 400, "INVALID_ARGUMENT"},
        {"PUT", "topics/with.~+%25-_name", "{}", 200, "projects/demo/topics/with.~+%-_name"},
        {"GET", "topics/with.~%2B%25-_name", NULL, 200, "projects/demo/topics/with.~+%-_name"},
        {"PUT", "subscriptions/ab", "{\"topic\":\"" TOPIC "\"}", 400, "[subscriptions]"},
        {"PUT", "snapshots/ab", "{}", 400, "[snapshots]"},
    };
    RUN(rows);
    OWN(pubsub_server) struct pubsub_server *server = pubsub_server_open(NULL, NULL);
    char name[7 + 257] = "topics/";
    memset(name + 7, 'a', 255);
    name[7 + 255] = '\0';
    pubsub_server_expect(server, "PUT", name, "{}", 200, NULL);
    strcat(name, "a");
    pubsub_server_expect(server, "PUT", name, "{}", 400, NULL);
}

TEST(lists_are_sorted_and_paged)
{
    static const struct pubsub_server_row rows[] = {
        {"GET", "topics?pageSize=1", NULL, 200,
         "{\"topics\":[{\"name\":\"projects/demo/topics/dead\"}],"
         "\"nextPageToken\":\"projects/demo/topics/news\"}"},
        {"GET", "topics?pageSize=1&pageToken=projects%2Fdemo%2Ftopics%2Fnews", NULL, 200,
         "{\"topics\":[{\"name\":\"projects/demo/topics/news\"}]}"},
        {"GET", "topics?pageToken=bogus", NULL, 200, "topics/dead"},
        {"GET", "topics?pageSize=-1", NULL, 200, "topics/news"},
        {"GET", "topics?pageSize=many", NULL, 400, "page_size"},
        {"GET", "topics/news/subscriptions", NULL, 200,
         "{\"subscriptions\":[\"projects/demo/subscriptions/reader\"]}"},
        {"GET", "subscriptions", NULL, 200, "\"ackDeadlineSeconds\":10"},
        {"GET", "snapshots", NULL, 200, "{}"},
        {"GET", "topics?$alt=json%3Benum-encoding=int&fields=x&quotaUser=me&key=k", NULL, 200,
         "topics/news"},
        {"GET", "schemas", NULL, 200, "{}"},
    };
    RUN(rows);
}

TEST(what_is_not_supported_says_so_and_what_does_not_exist_is_404)
{
    static const struct pubsub_server_row rows[] = {
        {"POST", "schemas?schemaId=x", "{}", 400, "schemas are not supported"},
        {"GET", "schemas/x", NULL, 400, "schemas are not supported"},
        {"PUT", "topics/t-1", "{\"schemaSettings\":{\"schema\":\"s\"}}", 400, "schemaSettings"},
        {"PUT", "topics/t-1", "{\"ingestionDataSourceSettings\":{}}", 400, "ingestion"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"bigqueryConfig\":{\"table\":\"t\"}"), 400,
         "bigqueryConfig is not supported by gcp-local"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"cloudStorageConfig\":{\"bucket\":\"b\"}"), 400,
         "cloudStorageConfig"},
        {"POST", "topics/news:bogus", "{}", 404, "Not Found"},
        {"POST", "topics/news", "{}", 404, "Not Found"},
        {"PUT", "topics", "{}", 404, "Not Found"},
        {"GET", "topics/a/b/c", NULL, 404, "Not Found"},
        {"GET", "bogus", NULL, 404, "Not Found"},
        {"GET", "/v9/projects/demo/topics", NULL, 404, "Not Found"},
    };
    RUN(rows);
}

TEST(a_subscription_shows_its_defaults_and_keeps_every_option)
{
    static const struct pubsub_server_row rows[] = {
        {"GET", "subscriptions/reader", NULL, 200,
         "{\"name\":\"projects/demo/subscriptions/reader\",\"topic\":\"" TOPIC
         "\",\"pushConfig\":{},\"ackDeadlineSeconds\":10,"
         "\"messageRetentionDuration\":\"604800s\"}"},
        {"PUT", "subscriptions/full",
         WITH_TOPIC(
             "\"labels\":{\"a\":\"b\"},\"retainAckedMessages\":true,"
             "\"messageRetentionDuration\":\"600s\",\"expirationPolicy\":{\"ttl\":\"86400s\"},"
             "\"retryPolicy\":{\"minimumBackoff\":\"1.5s\"},\"enableMessageOrdering\":true,"
             "\"enableExactlyOnceDelivery\":true,\"filter\":\"attributes.a=\\\"b\\\"\","
             "\"ack_deadline_seconds\":\"42\",\"deadLetterPolicy\":{\"deadLetterTopic\":"
             "\"projects/demo/topics/dead\"},\"detached\":true,\"state\":\"ACTIVE\""),
         200, "\"retryPolicy\":{\"minimumBackoff\":\"1.500s\",\"maximumBackoff\":\"600s\"}"},
        {"GET", "subscriptions/full", NULL, 200, "\"ackDeadlineSeconds\":42"},
        {"GET", "subscriptions/full", NULL, 200, "\"enableExactlyOnceDelivery\":true"},
        {"GET", "subscriptions/full", NULL, 200, "\"filter\":\"attributes.a=\\\"b\\\"\""},
        {"GET", "subscriptions/full", NULL, 200, "\"maxDeliveryAttempts\":5"},
        {"GET", "subscriptions/full", NULL, 200, "\"expirationPolicy\":{\"ttl\":\"86400s\"}"},
        {"PUT", "subscriptions/never", WITH_TOPIC("\"expirationPolicy\":{}"), 200,
         "\"expirationPolicy\":{}"},
        {"PUT", "subscriptions/never", WITH_TOPIC("\"labels\":{}"), 409, "ALREADY_EXISTS"},
        {"DELETE", "subscriptions/never", NULL, 200, "{}"},
        {"GET", "subscriptions/never", NULL, 404, "NOT_FOUND"},
        {"DELETE", "topics/news", NULL, 200, "{}"},
        {"GET", "subscriptions/reader", NULL, 200, "\"topic\":\"_deleted-topic_\""},
    };
    RUN(rows);
}

TEST(a_subscription_beyond_the_limits_is_refused)
{
    static const struct pubsub_server_row rows[] = {
        {"PUT", "subscriptions/s-1", "{}", 400, "Invalid [topics] name: (name=)"},
        {"PUT", "subscriptions/s-1", "{\"topic\":\"badname\"}", 400, "(name=badname)"},
        {"PUT", "subscriptions/s-1", "{\"topic\":\"projects/demo/topics/none\"}", 404, "NOT_FOUND"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"ackDeadlineSeconds\":9"), 400, "out of bounds"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"ackDeadlineSeconds\":601"), 400,
         "out of bounds"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"ackDeadlineSeconds\":-1"), 400, "out of bounds"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"messageRetentionDuration\":\"599s\""), 400,
         "out of bounds"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"messageRetentionDuration\":\"2678401s\""), 400,
         "out of bounds"},
        {"PUT", "topics/t-1", "{\"messageRetentionDuration\":\"599s\"}", 400, "out of bounds"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"expirationPolicy\":{\"ttl\":\"86399s\"}"), 400,
         "too small"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"retryPolicy\":{\"minimumBackoff\":\"601s\"}"),
         400, "minimum_backoff"},
        {"PUT", "subscriptions/s-1",
         WITH_TOPIC("\"retryPolicy\":{\"minimumBackoff\":\"50s\",\"maximumBackoff\":\"20s\"}"), 400,
         "maximum_backoff"},
        {"PUT", "subscriptions/s-1",
         WITH_TOPIC("\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/dead\","
                    "\"maxDeliveryAttempts\":4}"),
         400, "OUT_OF_RANGE"},
        {"PUT", "subscriptions/s-1",
         WITH_TOPIC("\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/dead\","
                    "\"maxDeliveryAttempts\":101}"),
         400, "OUT_OF_RANGE"},
        {"PUT", "subscriptions/s-1",
         WITH_TOPIC("\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/none\"}"),
         404, "Dead letter topic not found"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"deadLetterPolicy\":{}"), 404, "Dead letter"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"pushConfig\":{\"pushEndpoint\":\"not a url\"}"),
         400, "Unsupported push_endpoint"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"pushConfig\":{\"pushEndpoint\":\"ftp://h/\"}"),
         400, "Unsupported push_endpoint"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"filter\":\"attributes.x = \""), 400,
         "Invalid filter"},
        {"GET", "subscriptions/s-1", NULL, 404, "NOT_FOUND"},
    };
    RUN(rows);
}

TEST(unknown_fields_and_wrong_types_are_refused)
{
    static const struct pubsub_server_row rows[] = {
        {"PUT", "topics/t-1", "{\"foo\":\"bar\"}", 400, "Unknown name \\\"foo\\\""},
        {"PUT", "topics/t-1", "[]", 400, "INVALID_ARGUMENT"},
        {"PUT", "topics/t-1", "null", 400, "INVALID_ARGUMENT"},
        {"PUT", "topics/t-1", "{", 400, "INVALID_ARGUMENT"},
        {"PUT", "topics/t-1", "{\"labels\":[]}", 400, "labels"},
        {"PUT", "topics/t-1", "{\"messageRetentionDuration\":\"soon\"}", 400, "TYPE_DURATION"},
        {"PUT", "topics/t-1", "{\"labels\":null,\"satisfiesPzs\":\"true\"}", 200,
         "\"satisfiesPzs\":true"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"ackDeadlineSeconds\":\"x\""), 400, "TYPE_INT32"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"ackDeadlineSeconds\":10.5"), 400, "TYPE_INT32"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"ackDeadlineSeconds\":true"), 400, "TYPE_INT32"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"retainAckedMessages\":1"), 400, "TYPE_BOOL"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"pushConfig\":{\"url\":\"x\"}"), 400,
         "pushConfig"},
        {"PUT", "subscriptions/s-1", WITH_TOPIC("\"ackDeadlineSeconds\":12.0"), 200,
         "\"ackDeadlineSeconds\":12"},
        {"POST", "subscriptions/reader:pull", "{\"maxMessages\":1,\"returnImmediately\":\"yes\"}",
         400, "TYPE_BOOL"},
        {"POST", "subscriptions/reader:pull", "{\"maxMessages\":99999999999}", 400, "TYPE_INT32"},
        {"POST", "subscriptions/reader:acknowledge", "{\"ackIds\":\"x\"}", 400, "ackIds"},
        {"POST", "subscriptions/reader:seek", "{\"time\":\"bogus\"}", 400, "TYPE_TIMESTAMP"},
    };
    RUN(rows);
}

TEST(a_patch_changes_what_its_mask_names_and_nothing_else)
{
    static const struct pubsub_server_row rows[] = {
        {"PATCH", "topics/news",
         "{\"topic\":{\"messageRetentionDuration\":\"700s\"},\"updateMask\":"
         "\"messageRetentionDuration\"}",
         200, "\"messageRetentionDuration\":\"700s\""},
        {"PATCH", "topics/news",
         "{\"topic\":{\"labels\":{\"x\":\"y\"},\"messageRetentionDuration\":\"900s\"},"
         "\"updateMask\":\"labels\"}",
         200, "\"messageRetentionDuration\":\"700s\",\"labels\":{\"x\":\"y\"}"},
        {"PATCH", "topics/news",
         "{\"topic\":{},\"updateMask\":\"labels,message_retention_duration\"}", 200,
         "{\"name\":\"" TOPIC "\"}"},
        {"PATCH", "topics/news", "{\"topic\":{\"labels\":{}}}", 400, "update_mask"},
        {"PATCH", "topics/news", "{\"topic\":{},\"updateMask\":\"name\"}", 400, "not mutable"},
        {"PATCH", "topics/news", "{\"topic\":{},\"updateMask\":\"bogus\"}", 400, "not a known"},
        {"PATCH", "topics/news",
         "{\"topic\":{\"messageRetentionDuration\":\"1s\"},\"updateMask\":"
         "\"messageRetentionDuration\"}",
         400, "out of bounds"},
        {"PATCH", "topics/none", "{\"topic\":{},\"updateMask\":\"labels\"}", 404, "NOT_FOUND"},
        {"PATCH", "subscriptions/reader",
         "{\"subscription\":{\"ackDeadlineSeconds\":30},\"updateMask\":\"ack_deadline_seconds\"}",
         200, "\"ackDeadlineSeconds\":30"},
        {"PATCH", "subscriptions/reader",
         "{\"subscription\":{\"expirationPolicy\":{\"ttl\":\"90000s\"}},"
         "\"updateMask\":\"expirationPolicy.ttl\"}",
         200, "\"expirationPolicy\":{\"ttl\":\"90000s\"}"},
        {"PATCH", "subscriptions/reader",
         "{\"subscription\":{},\"updateMask\":\"ackDeadlineSeconds\"}", 200,
         "\"ackDeadlineSeconds\":10"},
        {"PATCH", "subscriptions/reader",
         "{\"subscription\":{\"topic\":\"x\"},\"updateMask\":\"topic\"}", 400,
         "the topic field in the Subscription is not mutable"},
        {"PATCH", "subscriptions/reader",
         "{\"subscription\":{\"filter\":\"attributes:a\"},\"updateMask\":\"filter\"}", 400,
         "not mutable"},
        {"PATCH", "subscriptions/none", "{\"subscription\":{},\"updateMask\":\"labels\"}", 404,
         "NOT_FOUND"},
        {"POST", "subscriptions/reader:modifyPushConfig",
         "{\"pushConfig\":{\"pushEndpoint\":\"http://127.0.0.1:9/x\",\"oidcToken\":"
         "{\"serviceAccountEmail\":\"a@b.c\",\"audience\":\"aud\"}}}",
         200, "{}"},
        {"GET", "subscriptions/reader", NULL, 200,
         "\"oidcToken\":{\"serviceAccountEmail\":\"a@b.c\",\"audience\":\"aud\"}"},
        {"POST", "subscriptions/reader:modifyPushConfig", "{}", 200, "{}"},
        {"GET", "subscriptions/reader", NULL, 200, "\"pushConfig\":{}"},
        {"POST", "subscriptions/none:modifyPushConfig", "{}", 404, "NOT_FOUND"},
    };
    RUN(rows);
}

TEST(snapshots_are_created_listed_changed_and_deleted)
{
    static const struct pubsub_server_row rows[] = {
        {"PUT", "snapshots/first", "{\"subscription\":\"projects/demo/subscriptions/none\"}", 404,
         "NOT_FOUND"},
        {"PUT", "snapshots/first",
         "{\"subscription\":\"projects/demo/subscriptions/reader\",\"labels\":{\"a\":\"b\"}}", 200,
         "{\"name\":\"projects/demo/snapshots/first\",\"topic\":\"" TOPIC "\",\"expireTime\":\""},
        {"PUT", "snapshots/first", "{\"subscription\":\"projects/demo/subscriptions/reader\"}", 409,
         "ALREADY_EXISTS"},
        {"GET", "snapshots", NULL, 200, "\"snapshots\":[{\"name\""},
        {"GET", "topics/news/snapshots", NULL, 200,
         "{\"snapshots\":[\"projects/demo/snapshots/first\"]}"},
        {"PATCH", "snapshots/first",
         "{\"snapshot\":{\"labels\":{\"x\":\"y\"}},\"updateMask\":\"labels\"}", 200,
         "\"labels\":{\"x\":\"y\"}"},
        {"PATCH", "snapshots/first", "{\"snapshot\":{\"topic\":\"y\"},\"updateMask\":\"topic\"}",
         400, "not mutable"},
        {"GET", "snapshots/first", NULL, 200, "\"labels\":{\"x\":\"y\"}"},
        {"DELETE", "snapshots/first", NULL, 200, "{}"},
        {"DELETE", "snapshots/first", NULL, 404, "NOT_FOUND"},
    };
    RUN(rows);
}

TEST(iam_policies_are_stored_and_returned)
{
    static const struct pubsub_server_row rows[] = {
        {"GET", "topics/news:getIamPolicy", NULL, 200, "{\"etag\":\"ACAB\"}"},
        {"POST", "topics/news:setIamPolicy",
         "{\"policy\":{\"etag\":\"ACAB\",\"bindings\":[{\"role\":\"roles/pubsub.publisher\","
         "\"members\":[\"serviceAccount:a@b.c\"]}]}}",
         200, "\"members\":[\"serviceAccount:a@b.c\"]"},
        {"GET", "topics/news:getIamPolicy?options.requestedPolicyVersion=3", NULL, 200,
         "roles/pubsub.publisher"},
        {"POST", "topics/news:getIamPolicy", "{\"options\":{\"requestedPolicyVersion\":3}}", 200,
         "roles/pubsub.publisher"},
        {"POST", "topics/news:setIamPolicy", "{\"policy\":{\"etag\":\"ACAB\"}}", 409, "ABORTED"},
        {"POST", "topics/news:setIamPolicy", "{}", 400, "policy"},
        {"POST", "topics/none:setIamPolicy", "{\"policy\":{}}", 404, "NOT_FOUND"},
        {"GET", "subscriptions/reader:getIamPolicy", NULL, 200, "ACAB"},
        {"POST", "subscriptions/reader:testIamPermissions",
         "{\"permissions\":[\"pubsub.subscriptions.consume\"]}", 200,
         "{\"permissions\":[\"pubsub.subscriptions.consume\"]}"},
        {"DELETE", "topics/news", NULL, 200, "{}"},
        {"PUT", "topics/news", "{}", 200, NULL},
        {"GET", "topics/news:getIamPolicy", NULL, 200, "{\"etag\":\"ACAB\"}"},
    };
    RUN(rows);
}

TEST(an_iam_policy_is_deleted_with_its_snapshot)
{
    static const struct pubsub_server_row rows[] = {
        {"PUT", "snapshots/here", "{\"subscription\":\"projects/demo/subscriptions/reader\"}", 200,
         NULL},
        {"POST", "snapshots/here:setIamPolicy", "{\"policy\":{\"bindings\":[{\"role\":\"r\"}]}}",
         200, NULL},
        {"DELETE", "snapshots/here", NULL, 200, "{}"},
        {"PUT", "snapshots/here", "{\"subscription\":\"projects/demo/subscriptions/reader\"}", 200,
         NULL},
        {"GET", "snapshots/here:getIamPolicy", NULL, 200, "{\"etag\":\"ACAB\"}"},
    };
    RUN(rows);
}
