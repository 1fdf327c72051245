/* SPDX-License-Identifier: Apache-2.0 */
/* The request of images:annotate. */
#include "gcp-local/vision/annotate_request.h"

#include "base/base64.h"
#include "base/str.h"

#define ONLY(reader, ...)                                                                          \
    jread_only(reader, (const char *const[]){__VA_ARGS__},                                         \
               ARRAY_SIZE(((const char *const[]){__VA_ARGS__})))

/* Feature.Type of google.cloud.vision.v1. */
static const struct {
    int64_t number;
    const char *name;
} features[] = {
    {0, "TYPE_UNSPECIFIED"},      {1, "FACE_DETECTION"},           {2, "LANDMARK_DETECTION"},
    {3, "LOGO_DETECTION"},        {4, "LABEL_DETECTION"},          {5, "TEXT_DETECTION"},
    {6, "SAFE_SEARCH_DETECTION"}, {7, "IMAGE_PROPERTIES"},         {9, "CROP_HINTS"},
    {10, "WEB_DETECTION"},        {11, "DOCUMENT_TEXT_DETECTION"}, {12, "PRODUCT_SEARCH"},
    {19, "OBJECT_LOCALIZATION"},
};

/* The feature's name, from a name or a number, as proto3 JSON allows both. */
static const char *read_type(struct jread *feature)
{
    const json_t *type = json_object_get(feature->here, "type");
    for (size_t i = 0; i < ARRAY_SIZE(features); i++)
        if (json_is_integer(type) ? json_integer_value(type) == features[i].number
                                  : str_equal(json_string_value(type), features[i].name))
            return features[i].name;
    if (!type || json_is_null(type))
        return features[0].name;
    jread_fail(feature, "type",
               "is not a feature type of google.cloud.vision.v1, e.g. "
               "LABEL_DETECTION");
    return NULL;
}

static void read_feature(struct jread feature, struct image_request *image)
{
    ONLY(&feature, "type", "maxResults", "model");
    jread_str_or(&feature, "model", "");
    int64_t max = jread_int64_or(&feature, "maxResults", 0, INT32_MAX, 0);
    const char *type = read_type(&feature);
    if (!jread_ok(&feature))
        return;
    size_t max_results = max ? (size_t)max : DEFAULT_MAX_RESULTS;
    if (!str_equal(type, "LABEL_DETECTION"))
        image->other_feature = type;
    else if (max_results > image->max_results)
        image->max_results = max_results;
}

static void read_content(struct jread *reader, struct image_request *image)
{
    const char *content = jread_str_or(reader, "content", "");
    if (!base64_decode(bytes_of(content), &image->content))
        jread_fail(reader, "content", "is not base64");
}

/* Content wins over a source, imageUri over the older gcsImageUri. */
static void read_image(struct jread reader, struct image_request *image)
{
    ONLY(&reader, "content", "source");
    read_content(&reader, image);
    struct jread source = jread_obj_or_empty(&reader, "source");
    ONLY(&source, "imageUri", "gcsImageUri");
    const char *old_uri = jread_str_or(&source, "gcsImageUri", "");
    const char *uri = jread_str_or(&source, "imageUri", "");
    uri = *uri ? uri : old_uri;
    image->uri = *uri && !image->content.len ? uri : NULL;
}

/* Labels do not depend on these hints: only their names are checked. */
static void read_context(struct jread reader)
{
    ONLY(&reader, "latLongRect", "languageHints", "cropHintsParams", "faceRecognitionParams",
         "productSearchParams", "webDetectionParams", "textDetectionParams");
}

static void read_image_request(struct jread reader, struct image_request *image)
{
    ONLY(&reader, "image", "features", "imageContext");
    read_context(jread_obj_or_empty(&reader, "imageContext"));
    struct jread list = jread_list_or_empty(&reader, "features");
    if (jread_ok(&reader) && (!jread_has(&reader, "image") || jread_count(&list) == 0))
        err_set(reader.err, ERR_INPUT, "Request must specify image and features.");
    for (size_t i = 0; i < jread_count(&list); i++)
        read_feature(jread_item(&list, i), image);
    read_image(jread_obj_or_empty(&reader, "image"), image);
}

bool annotate_request_read(const json_t *tree, struct annotate_request *out, struct err *err)
{
    *out = (struct annotate_request){0};
    struct jread root = jread_open(tree, "Invalid JSON payload received", ERR_INPUT, err);
    ONLY(&root, "requests", "parent", "labels");
    jread_str_or(&root, "parent", "");
    jread_obj_or_empty(&root, "labels");
    struct jread list = jread_list_or_empty(&root, "requests");
    size_t count = jread_count(&list);
    if (jread_ok(&root) && count == 0)
        return err_set(err, ERR_INPUT, "Request must specify image and features.");
    if (jread_ok(&root) && count > MAX_IMAGES)
        return err_set(err, ERR_INPUT, "Too many images per request.");
    for (; out->count < count && jread_ok(&root); out->count++)
        read_image_request(jread_item(&list, out->count), &out->images[out->count]);
    return jread_ok(&root);
}

void annotate_request_done(struct annotate_request *request)
{
    for (size_t i = 0; i < ARRAY_SIZE(request->images); i++)
        buf_done(&request->images[i].content);
    *request = (struct annotate_request){0};
}
