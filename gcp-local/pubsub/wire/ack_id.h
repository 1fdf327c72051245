/* SPDX-License-Identifier: Apache-2.0 */
/* Ack ids: a lease as text, "SUBSCRIPTION:NUMBER-SLOT". */
#ifndef GCP_LOCAL_PUBSUB_WIRE_ACK_ID_H
#define GCP_LOCAL_PUBSUB_WIRE_ACK_ID_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

void ack_id_add(struct buf *out, const char *subscription, int64_t number, uint32_t slot);

/* False and err (ERR_INPUT) when the text is not an ack id of this subscription. */
bool ack_id_parse(const char *text, const char *subscription, int64_t *number, uint32_t *slot,
                  struct err *err);

#endif
