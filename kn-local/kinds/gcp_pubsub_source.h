/* SPDX-License-Identifier: Apache-2.0 */
/* GcpPubSubSource of 2019: the pod that does its work today. */
#ifndef KN_LOCAL_KINDS_GCP_PUBSUB_SOURCE_H
#define KN_LOCAL_KINDS_GCP_PUBSUB_SOURCE_H

#include <jansson.h>
#include <stdbool.h>

/* The spec of a pod with the receive adapter of a valid source, and, if asked for, with the key of
 * spec.gcpCredsSecret as a file. Values of the object's spec are shared, not copied. A new
 * reference. */
json_t *gcp_pubsub_source_pod_spec(const json_t *object, const char *image, bool with_key);

#endif
