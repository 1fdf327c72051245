/* SPDX-License-Identifier: Apache-2.0 */
/* vision: labels pictures that are uploaded to a bucket. */
#include "vision/vision.h"

#include "base/json/jread.h"
#include "base/log.h"
#include "base/str.h"
#include "bridge/bridge.h"

enum {
    MAX_LABELS = 10,
    MIN_SHOWN = 3,
    SCORE_DIGITS = 7, /* the precision of Google's float */
};

/* Best first; labels of the same score stay in Google's order. */
static void sort_labels(struct gcp_labels *labels)
{
    for (size_t i = 1; i < labels->count; i++)
        for (size_t j = i; j && labels->list[j].score > labels->list[j - 1].score; j--) {
            struct gcp_label swap = labels->list[j];
            labels->list[j] = labels->list[j - 1];
            labels->list[j - 1] = swap;
        }
}

char *vision_line(struct gcp_labels *labels)
{
    sort_labels(labels);
    struct buf line = {0};
    buf_add_text(&line, "This picture is labelled: ");
    for (size_t i = 0; i < labels->count; i++) {
        if (i >= MIN_SHOWN && labels->list[i].score <= 0.50)
            break;
        buf_add_format(&line, "%s%s", i ? "," : "", labels->list[i].description);
    }
    return buf_take(&line);
}

/* The reply event has labels and scores, for subscriptions with a reply. */
static void set_reply(const struct gcp_object_event *object, const char *uri,
                      const struct gcp_labels *labels, struct ce_reply *reply)
{
    json_auto_t *data =
        json_pack("{s:s, s:s, s:[]}", "text", reply->text, "picture", uri, "labels");
    for (size_t i = 0; i < labels->count; i++)
        json_array_append_new(json_object_get(data, "labels"),
                              json_pack("{s:s, s:f}", "description", labels->list[i].description,
                                        "score", labels->list[i].score));
    OWN(free) char *text = json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(SCORE_DIGITS));
    OWN(free) char *source =
        str_format("//storage.googleapis.com/projects/_/buckets/%s", object->bucket);
    ce_event_new(&reply->event, source, "picture.labelled", "application/json", bytes_of(text));
    reply->event.subject = str_format("objects/%s", object->object);
}

bool vision_on_event(const struct ce_event *event, struct ce_reply *reply, void *app,
                     struct err *err)
{
    OWN(gcp_object_event) struct gcp_object_event object = {0};
    if (!bridge_object_from_event(event, &object, err))
        return false;
    if (!str_equal(object.type, "OBJECT_FINALIZE"))
        return true; /* other events are acknowledged and ignored */

    OWN(free) char *uri = gcp_storage_uri(object.bucket, object.object, err);
    if (!uri)
        return false;
    if (str_ends(uri, "/"))
        return true; /* a folder */

    OWN(gcp_labels) struct gcp_labels labels = {0};
    if (!gcp_vision_labels(app, uri, MAX_LABELS, &labels, err))
        return false;

    reply->text = vision_line(&labels);
    log_info("%s", reply->text);
    set_reply(&object, uri, &labels, reply);
    return true;
}
