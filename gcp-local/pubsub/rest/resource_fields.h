/* What requests and resources of Pub/Sub may hold, as tables for proto_read. */
#ifndef GCP_LOCAL_PUBSUB_REST_RESOURCE_FIELDS_H
#define GCP_LOCAL_PUBSUB_REST_RESOURCE_FIELDS_H

#include "gcp-local/api/proto_json.h"

extern const struct proto_field schema_topic[];
extern const struct proto_field schema_update_topic[];
extern const struct proto_field schema_subscription[];
extern const struct proto_field schema_update_subscription[];
extern const struct proto_field schema_pull[];
extern const struct proto_field schema_acknowledge[];
extern const struct proto_field schema_modify_ack_deadline[];
extern const struct proto_field schema_modify_push_config[];
extern const struct proto_field schema_seek[];
extern const struct proto_field schema_create_snapshot[];
extern const struct proto_field schema_update_snapshot[];
extern const struct proto_field schema_get_iam_policy[];
extern const struct proto_field schema_set_iam_policy[];
extern const struct proto_field schema_test_iam_permissions[];
extern const struct proto_field schema_empty[];

#endif
