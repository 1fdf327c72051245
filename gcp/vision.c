/* SPDX-License-Identifier: Apache-2.0 */
/* Vision: labels of a picture.
 * API: cloud.google.com/vision/docs/reference/rest/v1/images/annotate */
#include "base/base64.h"
#include "base/str.h"
#include "gcp/client/client.h"

enum {
    MAX_LABELS = 100,
    MAX_PICTURE_BYTES = 7500 * 1000, /* its base64 must fit Google's limit of 10 MB of JSON */
};

void gcp_labels_done(struct gcp_labels *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        free(labels->list[i].description);
        free(labels->list[i].mid);
    }
    free(labels->list);
    *labels = (struct gcp_labels){0};
}

/* The error for one picture is a gRPC code in a successful response. ERR_UNAVAILABLE for a
 * temporary one, so that the sender of the event sends it again. */
static bool fail_picture(struct jread *error, struct err *err)
{
    enum {
        UNKNOWN = 2,
        DEADLINE_EXCEEDED = 4,
        RESOURCE_EXHAUSTED = 8,
        INTERNAL = 13,
        UNAVAILABLE = 14
    };
    int64_t code = jread_int64_or(error, "code", 0, 16, UNKNOWN);
    const char *message = jread_str_or(error, "message", "");
    if (!jread_ok(error))
        return false;
    bool temporary = code == DEADLINE_EXCEEDED || code == RESOURCE_EXHAUSTED || code == INTERNAL ||
                     code == UNAVAILABLE || code == UNKNOWN;
    return err_set(err, temporary ? ERR_UNAVAILABLE : ERR_INPUT, "Vision: %s",
                   *message ? message : "the picture cannot be labelled");
}

static bool read_labels(const json_t *reply, struct gcp_labels *labels, struct err *err)
{
    struct jread reader = jread_open(reply, "Vision's reply", ERR_UPSTREAM, err);
    struct jread responses = jread_list(&reader, "responses");
    struct jread response = jread_item(&responses, 0);
    if (jread_has(&response, "error")) {
        struct jread error = jread_obj(&response, "error");
        return fail_picture(&error, err);
    }
    struct jread list = jread_list_or_empty(&response, "labelAnnotations");
    size_t count = jread_count(&list);
    labels->list = alloc_zeroed(count * sizeof(labels->list[0]));
    for (size_t i = 0; i < count; i++) {
        struct jread item = jread_item(&list, i);
        labels->list[labels->count++] = (struct gcp_label){
            .description = str_copy(jread_str(&item, "description")),
            .mid = str_copy(jread_str_or(&item, "mid", NULL)),
            .score = jread_real_or(&item, "score", 0),
        };
    }
    return jread_ok(&reader);
}

/* Takes the reference to image. */
static bool annotate(struct gcp *gcp, json_t *image, int max_labels, struct gcp_labels *labels,
                     struct err *err)
{
    int count = max_labels < 1 ? 1 : max_labels > MAX_LABELS ? MAX_LABELS : max_labels;
    json_auto_t *body = json_pack("{s:[{s:o, s:[{s:s, s:i}]}]}", "requests", "image", image,
                                  "features", "type", "LABEL_DETECTION", "maxResults", count);
    if (!body)
        return err_set(err, ERR_INPUT, "the picture's URI is not valid UTF-8");
    struct google_call call = {
        .api = GCP_API_VISION, .target = "/v1/images:annotate", .json = body};
    json_auto_t *reply = google_call_json(gcp, &call, err);
    if (!reply)
        return gcp_err_for_handler(err);
    return read_labels(reply, labels, err);
}

bool gcp_vision_labels(struct gcp *gcp, const char *uri, int max_labels, struct gcp_labels *labels,
                       struct err *err)
{
    if (!str_starts(uri, "gs://") && !str_starts(uri, "https://") && !str_starts(uri, "http://"))
        return err_set(err, ERR_INPUT, "%s is not the URI of a picture, want gs:// or https://",
                       uri);
    return annotate(gcp, json_pack("{s:{s:s}}", "source", "imageUri", uri), max_labels, labels,
                    err);
}

bool gcp_vision_labels_of(struct gcp *gcp, struct bytes picture, int max_labels,
                          struct gcp_labels *labels, struct err *err)
{
    if (picture.len == 0)
        return err_set(err, ERR_INPUT, "the picture is empty");
    if (picture.len > MAX_PICTURE_BYTES)
        return err_set(err, ERR_INPUT, "the picture has %zu bytes; Vision accepts at most 7.5 MB",
                       picture.len);
    OWN(free) char *content = base64_encode(picture);
    return annotate(gcp, json_pack("{s:s}", "content", content), max_labels, labels, err);
}
