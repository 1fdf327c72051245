/* SPDX-License-Identifier: Apache-2.0 */
/* A request as it comes to a service: header lines, an empty line, a body; in whatever mode. What
 * is read is written again in both modes, and what was written must be readable. */
#include "base/str.h"
#include "bridge/bridge.h"
#include "cloudevents/http.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes the header lines off; returns where the body begins. */
static const char *read_headers(const char *at, const char *end, struct headers *headers)
{
    while (at < end && *at != '\n') {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        OWN(free) char *line = str_copy_bytes((struct bytes){at, (size_t)(stop - at)});
        char *colon = strstr(line, ": ");
        if (colon) {
            *colon = '\0';
            headers_add(headers, line, colon + 2);
        }
        at = stop < end ? stop + 1 : end;
    }
    return at < end ? at + 1 : end;
}

static void write_and_read(const struct ce_event *event)
{
    struct err err = {0};
    OWN(headers) struct headers headers = {0};
    OWN(ce_events) struct ce_events again = {0};
    ce_headers_from_event(event, &headers);
    free(ce_json_from_event(event));
    bool modern = str_equal(event->spec_version, "1.0");
    if (modern && !ce_events_from_http(&headers, ce_data(event), &again, &err))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *end = (const char *)data + size;
    OWN(headers) struct headers headers = {0};
    OWN(ce_events) struct ce_events events = {0};
    struct err err = {0};
    const char *body = read_headers((const char *)data, end, &headers);
    if (!ce_events_from_http(&headers, (struct bytes){body, (size_t)(end - body)}, &events, &err))
        return 0;
    for (size_t i = 0; i < events.count; i++) {
        struct err refused = {0};
        OWN(gcp_message) struct gcp_message message = {0};
        bridge_message_from_event(&events.list[i], &message, &refused);
        if (events.list[i].spec_version)
            write_and_read(&events.list[i]);
    }
    return 0;
}
