/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as JSON text: the bodies of publish and pull responses, and of pushes. */
#ifndef GCP_LOCAL_PUBSUB_WIRE_MESSAGE_JSON_H
#define GCP_LOCAL_PUBSUB_WIRE_MESSAGE_JSON_H

#include "gcp-local/pubsub/engine/subscription_queue.h"

/* {"receivedMessages":[…]}, or {} without messages. */
void message_json_add_received(struct buf *out, const char *subscription,
                               const struct lease *leases, size_t count, bool with_attempts);

/* {"messageIds":["…"]} */
void message_json_add_ids(struct buf *out, struct stored_message *const *messages, size_t count);

/* {"message":{…},"subscription":"…"}, and "deliveryAttempt" unless it is 0. */
void message_json_add_push_body(struct buf *out, const char *subscription,
                                const struct stored_message *message, uint32_t attempt);

#endif
