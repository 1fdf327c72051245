/* SPDX-License-Identifier: Apache-2.0 */
/* The answers that hold most of the bytes, written as text at once. */
#ifndef GCP_LOCAL_PUBSUB_WIRE_JSON_WRITER_H
#define GCP_LOCAL_PUBSUB_WIRE_JSON_WRITER_H

#include "gcp-local/pubsub/engine/subscription_queue.h"

/* A text as JSON string, with its quotes. The text is UTF-8. */
void json_writer_add_string(struct buf *out, const char *text);

/* The bytes as base64 in quotes. */
void json_writer_add_base64(struct buf *out, struct bytes data);

/* {"receivedMessages":[…]}, or {} without any. Attempts are told only when asked to. */
void json_writer_add_received_messages(struct buf *out, const char *subscription,
                                       const struct lease *leases, size_t count,
                                       bool with_attempts);

/* {"messageIds":["…"]} */
void json_writer_add_message_ids(struct buf *out, struct stored_message *const *messages,
                                 size_t count);

/* The body of a push: {"message":{…},"subscription":"…"}. attempt 0 is not told. */
void json_writer_add_push_body(struct buf *out, const char *subscription,
                               const struct stored_message *message, uint32_t attempt);

/* The ack id of a lease, "SUBSCRIPTION:NUMBER-SLOT", and back. False when the text is none of this
 * subscription; err says why. */
void wire_add_ack_id(struct buf *out, const char *subscription, int64_t number, uint32_t slot);
bool wire_parse_ack_id(const char *text, const char *subscription, int64_t *number, uint32_t *slot,
                       struct err *err);

#endif
