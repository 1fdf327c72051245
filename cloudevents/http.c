/* SPDX-License-Identifier: Apache-2.0 */
/* CloudEvents over HTTP: which mode a request is in, and batches. */
#include "cloudevents/http.h"

#include "base/json/jread.h"
#include "base/str.h"
#include "cloudevents/binary.h"
#include "cloudevents/structured.h"

void ce_events_done(struct ce_events *events)
{
    for (size_t i = 0; i < events->count; i++)
        ce_event_done(&events->list[i]);
    free(events->list);
    *events = (struct ce_events){0};
}

static void make_room(struct ce_events *events, size_t count)
{
    events->list = alloc_zeroed(count * sizeof(*events->list));
    events->count = count;
}

static bool read_batch(struct bytes body, struct ce_events *events, struct err *err)
{
    json_auto_t *tree = json_from_bytes(body, "batch of CloudEvents", ERR_INPUT, err);
    if (!tree)
        return false;
    if (!json_is_array(tree))
        return err_set(err, ERR_INPUT, "batch of CloudEvents: is not a list");
    make_room(events, json_array_size(tree));
    for (size_t i = 0; i < events->count; i++) {
        if (!ce_event_from_json(json_array_get(tree, i), &events->list[i], err))
            return err_wrap(err, "batch[%zu]", i);
        if (!str_equal(events->list[i].spec_version, events->list[0].spec_version))
            return err_set(err, ERR_INPUT, "batch[%zu]: specversion is %s, in batch[0] it is %s", i,
                           events->list[i].spec_version, events->list[0].spec_version);
    }
    return true;
}

static bool read_structured(struct bytes body, struct ce_events *events, struct err *err)
{
    json_auto_t *tree = json_from_bytes(body, "CloudEvent", ERR_INPUT, err);
    if (!tree)
        return false;
    make_room(events, 1);
    return ce_event_from_json(tree, &events->list[0], err);
}

/* Not a CloudEvent: the body as it is. */
static void read_plain(const char *content_type, struct bytes body, struct ce_events *events)
{
    make_room(events, 1);
    events->list[0].content_type = str_copy(content_type);
    if (body.len)
        ce_set_data(&events->list[0], NULL, body);
}

bool ce_events_from_http(const struct headers *headers, struct bytes body, struct ce_events *events,
                         struct err *err)
{
    const char *content_type = headers_get(headers, "Content-Type");
    OWN(free) char *media = headers_media_type(content_type);
    bool ok = true;
    if (str_equal(media, "application/cloudevents-batch+json")) {
        events->mode = CE_BATCH;
        ok = read_batch(body, events, err);
    } else if (str_equal(media, "application/cloudevents+json")) {
        events->mode = CE_STRUCTURED;
        ok = read_structured(body, events, err);
    } else if (str_starts(media, "application/cloudevents")) {
        return err_set(err, ERR_FORMAT, "Content-Type %s is not supported; use JSON", media);
    } else if (ce_binary_version(headers)) {
        events->mode = CE_BINARY;
        make_room(events, 1);
        ok = ce_event_from_binary(headers, body, &events->list[0], err);
    } else {
        read_plain(content_type, body, events);
    }
    for (size_t i = 0; i < events->count; i++)
        events->list[i].request = headers;
    return ok;
}
