/* SPDX-License-Identifier: Apache-2.0 */
/* Reads events as Google Cloud's messages and notifications. */
#include "bridge/bridge.h"

#include "base/str.h"

/* An event as an envelope. */
struct view {
    struct gcp_envelope envelope;
    struct gcp_field *extensions, *headers; /* owned; their strings are the event's */
};

static void own_view(struct view *view)
{
    free(view->extensions);
    free(view->headers);
}

/* Only strings: attributes of messages are strings. */
static void view_extensions(struct view *view, const json_t *extensions)
{
    const char *name;
    json_t *value;
    view->extensions = alloc_zeroed(json_object_size(extensions) * sizeof(*view->extensions));
    size_t count = 0;
    json_object_foreach((json_t *)(uintptr_t)extensions, name, value) if (json_is_string(value))
        view->extensions[count++] = (struct gcp_field){name, json_string_value(value)};
    view->envelope.extensions = view->extensions;
    view->envelope.extension_count = count;
}

static void view_headers(struct view *view, const struct headers *headers)
{
    view->headers = alloc_zeroed(headers->count * sizeof(*view->headers));
    for (size_t i = 0; i < headers->count; i++)
        view->headers[i] = (struct gcp_field){headers->list[i].name, headers->list[i].value};
    view->envelope.headers = view->headers;
    view->envelope.header_count = headers->count;
}

static struct view view_event(const struct ce_event *event)
{
    struct view view = {.envelope = {
                            .content_type = event->content_type,
                            .body = ce_data(event),
                            .type = event->type,
                            .source = event->source,
                            .subject = event->subject,
                            .id = event->id,
                            .time = event->time,
                        }};
    if (event->extensions)
        view_extensions(&view, event->extensions);
    if (!event->spec_version && event->request)
        view_headers(&view, event->request);
    return view;
}

bool bridge_message_from_event(const struct ce_event *event, struct gcp_message *message,
                               struct err *err)
{
    OWN(view) struct view view = view_event(event);
    return gcp_message_from_envelope(&view.envelope, message, err);
}

bool bridge_object_from_event(const struct ce_event *event, struct gcp_object_event *object,
                              struct err *err)
{
    OWN(view) struct view view = view_event(event);
    return gcp_object_event_from_envelope(&view.envelope, object, err);
}
