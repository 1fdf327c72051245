/* SPDX-License-Identifier: Apache-2.0 */
/* What requests and resources of Pub/Sub may hold, as tables for proto_json_read. */
#ifndef GCP_LOCAL_PUBSUB_REST_RESOURCE_FIELDS_H
#define GCP_LOCAL_PUBSUB_REST_RESOURCE_FIELDS_H

#include "gcp-local/api/proto_json.h"

extern const struct proto_json_field resource_fields_topic[];
extern const struct proto_json_field resource_fields_update_topic[];
extern const struct proto_json_field resource_fields_subscription[];
extern const struct proto_json_field resource_fields_update_subscription[];
extern const struct proto_json_field resource_fields_pull[];
extern const struct proto_json_field resource_fields_acknowledge[];
extern const struct proto_json_field resource_fields_modify_ack_deadline[];
extern const struct proto_json_field resource_fields_modify_push_config[];
extern const struct proto_json_field resource_fields_seek[];
extern const struct proto_json_field resource_fields_create_snapshot[];
extern const struct proto_json_field resource_fields_update_snapshot[];
extern const struct proto_json_field resource_fields_get_iam_policy[];
extern const struct proto_json_field resource_fields_set_iam_policy[];
extern const struct proto_json_field resource_fields_test_iam_permissions[];
extern const struct proto_json_field resource_fields_empty[];

#endif
