/* SPDX-License-Identifier: Apache-2.0 */
/* images:annotate: a JSON request to a JSON response. */
#include "gcp-local/vision/annotate.h"

#include "base/str.h"
#include "gcp-local/vision/annotate_request.h"

/* The number of google.rpc.Code. */
static int code_of(int status)
{
    static const struct {
        int status, code;
    } codes[] = {
        {ERR_INPUT, 3},     {ERR_TOO_LARGE, 3},    {ERR_NOT_FOUND, 5},
        {ERR_FORBIDDEN, 7}, {ERR_UNAVAILABLE, 14},
    };
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (codes[i].status == status)
            return codes[i].code;
    return 13; /* INTERNAL */
}

static void put_error(json_t *response, int code, const char *text)
{
    json_t *message = json_string(text);
    if (!message) /* cut inside a character */
        message = json_string("Bad image data.");
    json_object_set_new(response, "error",
                        json_pack("{s:i, s:o}", "code", code, "message", message));
}

static void put_labels(json_t *response, const struct labels *labels, size_t max)
{
    json_t *list = json_array();
    for (size_t i = 0; i < labels->count && i < max; i++) {
        const struct label *label = &labels->list[i];
        json_array_append_new(list, json_pack("{s:s, s:f, s:f}", "description", label->description,
                                              "score", label->score, "topicality", label->score));
    }
    if (json_array_size(list))
        json_object_set(response, "labelAnnotations", list);
    json_decref(list);
}

static bool find_labels(const struct network *network, const struct image_source *source,
                        const struct image_request *image, struct labels *labels, struct err *err)
{
    if (image->content.len)
        return labels_of_file(network, buf_bytes(&image->content), labels, err);
    if (!image->uri)
        return err_set(err, ERR_INPUT, "No image present.");
    OWN(buf) struct buf file = {.max = MAX_IMAGE_BYTES};
    return image_source_read(source, image->uri, &file, err) &&
           labels_of_file(network, buf_bytes(&file), labels, err);
}

static json_t *annotate_image(const struct network *network, const struct image_source *source,
                              const struct image_request *image)
{
    json_t *response = json_object();
    struct err err = {0};
    struct labels labels = {0};
    if (image->max_results && !find_labels(network, source, image, &labels, &err))
        put_error(response, code_of(err.status), err.text);
    put_labels(response, &labels, image->max_results);

    if (image->other_feature && !err.status) {
        OWN(free) char *text = str_format(
            "%s is not supported by gcp-local, only LABEL_DETECTION is.", image->other_feature);
        put_error(response, 12, text); /* UNIMPLEMENTED */
    }
    return response;
}

json_t *annotate(const struct network *network, const struct image_source *source,
                 const json_t *tree, struct err *err)
{
    OWN(annotate_request) struct annotate_request request = {0};
    if (!annotate_request_read(tree, &request, err))
        return NULL;
    json_t *responses = json_array();
    for (size_t i = 0; i < request.count; i++)
        json_array_append_new(responses, annotate_image(network, source, &request.images[i]));
    return json_pack("{s:o}", "responses", responses);
}
