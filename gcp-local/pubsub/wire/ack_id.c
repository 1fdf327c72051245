/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/wire/ack_id.h"

#include "base/str.h"
#include "gcp-local/pubsub/wire/json_writer.h"

#include <string.h>

void ack_id_add(struct buf *out, const char *subscription, int64_t number, uint32_t slot)
{
    buf_add_text(out, subscription);
    buf_add(out, ":", 1);
    json_writer_add_int(out, number);
    buf_add(out, "-", 1);
    json_writer_add_int(out, slot);
}

/* NUMBER or NUMBER-SLOT. Without a slot it is well-formed, but not a lease. */
static bool parse_number(const char *text, int64_t *number, uint32_t *slot)
{
    char copy[48];
    size_t len = strlen(text);
    if (len >= sizeof(copy))
        return false;
    memcpy(copy, text, len + 1);
    char *dash = strchr(copy, '-');
    int64_t index = UINT32_MAX;
    if (dash) {
        *dash = '\0';
        if (!str_int(dash + 1, 0, UINT32_MAX, &index))
            return false;
    }
    *slot = (uint32_t)index;
    return str_int(copy, 0, INT64_MAX, number);
}

bool ack_id_parse(const char *text, const char *subscription, int64_t *number, uint32_t *slot,
                  struct err *err)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (!colon || !str_starts(text, "projects/") || !parse_number(colon + 1, number, slot))
        return err_set(err, ERR_INPUT, "Invalid ack id (ack_id=%s)", text);
    if (strlen(subscription) == len && memcmp(text, subscription, len) == 0)
        return true;
    return err_set(err, ERR_INPUT,
                   "Subscription %s received an invalid ack ID %s, meant for subscription: %.*s",
                   subscription, text, (int)len, text);
}
