/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes for tests, in the forms in which services receive them. */
#ifndef TESTS_HELPERS_ENVELOPES_H
#define TESTS_HELPERS_ENVELOPES_H

#include "base/str.h"
#include "gcp/gcp.h"

#include <string.h>

#define DATA      "SGVsbG8gV29ybGQ=" /* Hello World */
#define NEW_TYPE  "google.cloud.pubsub.topic.v1.messagePublished"
#define TOPIC     "//pubsub.googleapis.com/projects/p/topics/t"
#define LEGACY    "google.pubsub.topic.publish"
#define FINALIZED "google.cloud.storage.object.v1.finalized"
#define BUCKET    "//storage.googleapis.com/projects/_/buckets/pictures"
#define RESOURCE                                                                                   \
    "{\"kind\":\"storage#object\",\"bucket\":\"pictures\",\"name\":\"a/b c.jpg\","                 \
    "\"generation\":\"1589382953998973\"}"
#define NOTIFICATION                                                                               \
    "\"eventType\":\"OBJECT_FINALIZE\",\"bucketId\":\"pictures\",\"objectId\":\"a/b c.jpg\","      \
    "\"objectGeneration\":\"1589382953998973\""

static inline struct gcp_envelope event(const char *type, const char *source, const char *body)
{
    return (struct gcp_envelope){
        .type = type,
        .source = source,
        .id = "7",
        .time = "2020-01-01T00:00:00Z",
        .content_type = "application/json",
        .body = bytes_of(body),
    };
}

static inline struct gcp_envelope request(const char *body)
{
    return (struct gcp_envelope){.content_type = "application/json", .body = bytes_of(body)};
}

#endif
