/* SPDX-License-Identifier: Apache-2.0 */
/* images:annotate: from a request to a response, both as JSON. */
#include "gcp-local/vision/annotate.h"

#include "base/str.h"
#include "gcp-local/vision/annotate_request.h"

/* google.rpc.Code, as numbers: so it stands in an image's answer. */
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

static void put_error(json_t *answer, int code, const char *text)
{
    json_t *message = json_string(text);
    if (!message) /* cut inside a character */
        message = json_string("Bad image data.");
    json_object_set_new(answer, "error", json_pack("{s:i, s:o}", "code", code, "message", message));
}

static void put_labels(json_t *answer, const struct labels *labels, size_t most)
{
    json_t *list = json_array();
    for (size_t i = 0; i < labels->count && i < most; i++) {
        const struct label *label = &labels->list[i];
        json_array_append_new(list, json_pack("{s:s, s:f, s:f}", "description", label->description,
                                              "score", label->score, "topicality", label->score));
    }
    if (json_array_size(list))
        json_object_set(answer, "labelAnnotations", list);
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
    json_t *answer = json_object();
    struct err err = {0};
    struct labels labels = {0};
    if (image->max_results && !find_labels(network, source, image, &labels, &err))
        put_error(answer, code_of(err.status), err.text);
    put_labels(answer, &labels, image->max_results);

    if (image->other_feature && !err.status) {
        OWN(free) char *text =
            str_format("%s is not built into gcp-local, which computes LABEL_DETECTION "
                       "only.",
                       image->other_feature);
        put_error(answer, 12, text); /* UNIMPLEMENTED */
    }
    return answer;
}

json_t *annotate(const struct network *network, const struct image_source *source,
                 const json_t *tree, struct err *err)
{
    OWN(annotate_request) struct annotate_request request = {0};
    if (!annotate_request_read(tree, &request, err))
        return NULL;
    json_t *answers = json_array();
    for (size_t i = 0; i < request.count; i++)
        json_array_append_new(answers, annotate_image(network, source, &request.images[i]));
    return json_pack("{s:o}", "responses", answers);
}
