/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: events with the reason of their failure. */
#include "kn-local/dataplane/dead_letter.h"

#include "base/base64.h"
#include "base/str.h"

enum { MAX_ERROR_BYTES = 768 /* 1024 characters of base64 */ };

/* Sets a header unless the event has a value for it that is not empty. */
static void set_if_empty(struct headers *fields, const char *name, const char *value)
{
    if (str_empty(headers_get(fields, name)))
        headers_set(fields, name, value);
}

struct event_message *dead_letter_new(const struct event_message *event,
                                      const struct delivery_failure *failure)
{
    OWN(free)
    char *text = failure->status ? NULL : str_format("dispatch error: %s", failure->reason);
    struct bytes data = text ? bytes_of(text) : failure->answer;
    if (data.len > MAX_ERROR_BYTES)
        data.len = MAX_ERROR_BYTES;
    OWN(free) char *base64 = base64_encode(data);
    OWN(free) char *code = str_format("%d", failure->status ? failure->status : 500);

    OWN(headers) struct headers fields = {0};
    headers_copy(&fields, &event->headers);
    set_if_empty(&fields, "ce-knativeerrordest", failure->destination);
    set_if_empty(&fields, "ce-knativeerrorcode", code);
    set_if_empty(&fields, "ce-knativeerrordata", base64);
    return event_message_new(&fields, buf_bytes(&event->body));
}
