/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local/vision: images:annotate, as JSON and over HTTP. */
#include "base/base64.h"
#include "base/str.h"
#include "gcp-local/api/field_case.h"
#include "gcp-local/api/field_mask.h"
#include "gcp-local/vision/annotate.h"
#include "gcp-local/vision/vision_api.h"
#include "net/client/http_client.h"
#include "tests/helpers/pictures.h"
#include "tests/helpers/test.h"

#include <string.h>

/* A storage with a picture of the sea, a text file, and objects that cannot be read. */
static bool read_object(const char *bucket, const char *object, size_t max, struct buf *out,
                        void *context, struct err *err)
{
    const struct buf *sea = context;
    if (!str_equal(bucket, "pictures"))
        return err_set(err, ERR_FORBIDDEN, "not yours");
    if (str_equal(object, "sea/at sunset.jpg"))
        return buf_add(out, sea->data, sea->len);
    if (str_equal(object, "text"))
        return buf_add_text(out, "no picture");
    if (str_equal(object, "large"))
        return err_set(err, ERR_TOO_LARGE, "more than %zu bytes", max);
    if (str_equal(object, "locked"))
        return err_set(err, ERR_UNAVAILABLE, "try later");
    return err_set(err, ERR_NOT_FOUND, "no such object");
}

/* A web with one picture. */
static bool fetch(const char *url, size_t max, struct buf *out, void *context, struct err *err)
{
    if (str_ends(url, "sea.jpg"))
        return read_object("pictures", "sea/at sunset.jpg", max, out, context, err);
    if (str_ends(url, "down"))
        return err_set(err, ERR_UNAVAILABLE, "cannot connect");
    return err_set(err, ERR_INPUT, "%s answered with status 404", url);
}

struct fixture {
    struct network *network;
    struct buf sea;
    struct image_source source;
};

static void open_fixture(struct fixture *fixture)
{
    struct err err = {0};
    OWN(free) char *path = network_path(NULL);
    *fixture = (struct fixture){.network = network_open(path, &err)};
    if (!fixture->network)
        fail_msg("%s", err.text);
    OWN(picture) struct picture sea = sea_picture(320, 240);
    make_jpeg(&sea, (struct jpeg_options){0}, &fixture->sea);
    fixture->source = (struct image_source){.read_object = read_object, .context = &fixture->sea};
}

static void own_fixture(struct fixture *local)
{
    network_close(local->network);
    buf_done(&local->sea);
}

/* The response to a request, without scores; or "400: why". The caller frees. */
static char *ask(const struct fixture *fixture, const char *request)
{
    struct err err = {0};
    json_auto_t *tree = json_from_bytes(bytes_of(request), "request body", ERR_INPUT, &err);
    json_auto_t *plain = field_case_to_camel(tree);
    json_auto_t *response = tree ? annotate(fixture->network, &fixture->source, plain, &err) : NULL;
    if (!response)
        return str_format("%d: %s", err.status, err.text);
    EXPECT(field_mask_apply(response, "responses(labelAnnotations/description,error)", &err));
    return json_to_text(response);
}

static char *ask_for(const struct fixture *fixture, const char *uri)
{
    OWN(free) char *request =
        str_format("{\"requests\":[{\"image\":{\"source\":{\"imageUri\":\"%s\"}},"
                   "\"features\":[{\"type\":\"LABEL_DETECTION\",\"maxResults\":3}]}]}",
                   uri);
    return ask(fixture, request);
}

static const char three_labels[] =
    "{\"responses\":[{\"labelAnnotations\":[{\"description\":\"Sky\"},"
    "{\"description\":\"Cloud\"},{\"description\":\"Sunset\"}]}]}";

TEST(an_object_in_storage_is_labelled)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    OWN(free) char *response = ask_for(&fixture, "gs://pictures/sea/at sunset.jpg");
    EXPECT_STR(response, three_labels);
}

TEST(an_error_of_one_image_is_in_its_response)
{
    static const struct {
        const char *uri, *code, *text;
    } rows[] = {
        {"gs://pictures/absent", ":5,", "Error opening file: gs://pictures/absent."},
        {"gs://private/sea.jpg", ":7,", "Error opening file: gs://private/sea.jpg."},
        {"gs://pictures/text", ":3,", "Bad image data."},
        {"gs://pictures/large", ":3,", "Image size exceeding allowed max (20.00M)."},
        {"gs://pictures/locked", ":14,", "(try later)"},
        {"gs://pictures", ":3,", "Invalid image URI: gs://pictures;"},
        {"gs://pictures/", ":3,", "Invalid image URI"},
        {"gs:///x", ":3,", "Invalid image URI"},
        {"file:///etc/passwd", ":3,", "Invalid image URI"},
        {"https://example.com/sea.jpg", ":7,", "We're not allowed to access the URL"},
    };
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *response = ask_for(&fixture, rows[i].uri);
        EXPECT(str_starts(response, "{\"responses\":[{\"error\":{\"code\":"));
        EXPECT_HAS(response, rows[i].code);
        EXPECT_HAS(response, rows[i].text);
    }
}

TEST(a_url_is_fetched_only_if_that_is_allowed)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    fixture.source.fetch = fetch;
    fixture.source.fetch_context = &fixture.sea;
    OWN(free) char *labels = ask_for(&fixture, "https://example.com/sea.jpg");
    OWN(free) char *absent = ask_for(&fixture, "https://example.com/absent");
    OWN(free) char *down = ask_for(&fixture, "http://example.com/down");
    EXPECT_STR(labels, three_labels);
    EXPECT_HAS(absent, "{\"code\":3,\"message\":\"The URL does not appear to be accessible");
    EXPECT_HAS(down, "{\"code\":14,\"message\":\"We can not access the URL currently.");
}

TEST(the_responses_of_a_batch_are_in_order)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    OWN(free) char *content = base64_url_encode(buf_bytes(&fixture.sea));
    OWN(free) char *request = str_format(
        "{\"requests\":["
        "{\"image\":{\"source\":{\"gcsImageUri\":\"gs://pictures/text\"}},"
        " \"features\":[{\"type\":4}]},"
        "{\"image\":{\"content\":\"%s\",\"source\":{\"imageUri\":\"gs://pictures/text\"}},"
        " \"features\":[{\"type\":4,\"maxResults\":1,\"model\":\"builtin/latest\"}]},"
        "{\"image\":{\"source\":{\"image_uri\":\"gs://pictures/sea/at sunset.jpg\"}},"
        " \"features\":[{\"type\":\"LABEL_DETECTION\",\"max_results\":2},{\"type\":1}],"
        " \"imageContext\":{\"languageHints\":[\"en\"]}}],"
        "\"parent\":\"projects/p\",\"labels\":{\"my_team\":\"x\"}}",
        content);
    OWN(free) char *response = ask(&fixture, request);
    EXPECT_STR(response,
               "{\"responses\":["
               "{\"error\":{\"code\":3,\"message\":\"Bad image data.\"}},"
               "{\"labelAnnotations\":[{\"description\":\"Sky\"}]},"
               "{\"labelAnnotations\":[{\"description\":\"Sky\"},"
               "{\"description\":\"Cloud\"}],"
               "\"error\":{\"code\":12,\"message\":\"FACE_DETECTION is not supported by gcp-local, "
               "only LABEL_DETECTION is.\"}}]}");
}

TEST(at_most_ten_labels_are_returned_by_default)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    OWN(free) char *response =
        ask(&fixture, "{\"requests\":[{\"image\":{\"source\":{\"imageUri\":\"gs://pictures/"
                      "sea/at sunset.jpg\"}},\"features\":[{\"type\":\"LABEL_DETECTION\"}]}]}");
    json_auto_t *tree = json_loads(response, 0, NULL);
    const json_t *first = json_array_get(json_object_get(tree, "responses"), 0);
    EXPECT_INT(json_array_size(json_object_get(first, "labelAnnotations")), 8);
}

TEST(an_invalid_request_is_rejected_as_a_whole)
{
#define REQUEST(image, feature)                                                                    \
    "{\"requests\":[{\"image\":{" image "},\"features\":[{" feature "}]}]}"
    static const struct {
        const char *request, *text;
    } rows[] = {
        {"{}", "400: Request must specify image and features."},
        {"[]", "400: Invalid JSON payload received: is a list, want an object"},
        {"{\"requests\":[]}", "400: Request must specify image and features."},
        {"{\"requests\":[{}]}", "400: Request must specify image and features."},
        {"{\"requests\":[{\"image\":{\"content\":\"\"}}]}",
         "400: Request must specify image and features."},
        {"{\"requests\":[7]}", "requests[0] is a number, want an object"},
        {"{\"requests\":{}}", "requests is an object, want a list"},
        {"{\"request\":[]}", "request is not known; did you mean requests?"},
        {REQUEST("\"content\":\"!\"", "\"type\":4"), "requests[0].image.content is not base64"},
        {REQUEST("\"content\":7", "\"type\":4"), "requests[0].image.content is a number"},
        {REQUEST("\"uri\":\"x\"", "\"type\":4"), "requests[0].image.uri is not known"},
        {REQUEST("", "\"type\":\"LABELS\""), "requests[0].features[0].type is not a feature type"},
        {REQUEST("", "\"type\":8"), "requests[0].features[0].type is not a feature type"},
        {REQUEST("", "\"type\":4,\"maxResults\":-1"), "features[0].maxResults is -1, want 0 to"},
        {REQUEST("", "\"type\":4,\"maxResults\":\"many\""), "want a whole number"},
        {REQUEST("", "\"type\":4,\"top\":1"), "features[0].top is not known"},
    };
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *response = ask(&fixture, rows[i].request);
        EXPECT_HAS(response, rows[i].text);
        EXPECT(str_starts(response, "400: "));
    }
    OWN(free) char *no_image = ask(&fixture, REQUEST("", "\"type\":4"));
    EXPECT_STR(no_image,
               "{\"responses\":[{\"error\":{\"code\":3,\"message\":\"No image present.\"}}]}");
}

TEST(more_than_sixteen_images_are_rejected)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    json_auto_t *one = json_pack("{s:{}, s:[{s:i}]}", "image", "features", "type", 1);
    json_t *list = json_array();
    for (int i = 0; i < 17; i++)
        json_array_append(list, one);
    json_auto_t *request = json_pack("{s:o}", "requests", list);
    struct err err = {0};
    EXPECT(annotate(fixture.network, &fixture.source, request, &err) == NULL);
    EXPECT_STR(err.text, "Too many images per request.");
    json_array_remove(list, 0);
    struct err none = {0};
    json_auto_t *response = annotate(fixture.network, &fixture.source, request, &none);
    EXPECT_INT(json_array_size(json_object_get(response, "responses")), 16);
}

TEST(a_selection_of_fields_keeps_only_those_fields)
{
    static const struct {
        const char *fields, *left;
    } rows[] = {
        {"*", "{\"a\":{\"b\":1,\"c\":[{\"d\":2,\"e\":3},{\"d\":4}]},\"f\":5}"},
        {"f", "{\"f\":5}"},
        {"a/b", "{\"a\":{\"b\":1}}"},
        {"a.c.d", "{\"a\":{\"c\":[{\"d\":2},{\"d\":4}]}}"},
        {"a(b,c/e)", "{\"a\":{\"b\":1,\"c\":[{\"e\":3},{}]}}"},
        {"a/c/d,a/c/e", "{\"a\":{\"c\":[{\"d\":2,\"e\":3},{\"d\":4}]}}"},
        {"a,a/b", "{\"a\":{\"b\":1,\"c\":[{\"d\":2,\"e\":3},{\"d\":4}]}}"},
        {"a/b,a", "{\"a\":{\"b\":1,\"c\":[{\"d\":2,\"e\":3},{\"d\":4}]}}"},
        {"*/b", "{\"a\":{\"b\":1},\"f\":5}"},
        {"x", "{}"},
        {"", NULL},
        {"a(", NULL},
        {"a(b", NULL},
        {"a)", NULL},
        {"a,", NULL},
        {"a//b", NULL},
        {"a b", NULL},
        {"a(b(c(d(e(f(g(h(i(j(k(l(m(n(o(p(q(r(s))))))))))))))))))", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_auto_t *tree = json_pack("{s:{s:i, s:[{s:i, s:i}, {s:i}]}, s:i}", "a", "b", 1, "c",
                                      "d", 2, "e", 3, "d", 4, "f", 5);
        struct err err = {0};
        EXPECT_INT(field_mask_apply(tree, rows[i].fields, &err), rows[i].left != NULL);
        OWN(free) char *text = json_to_text(tree);
        if (rows[i].left)
            EXPECT_STR(text, rows[i].left);
        else
            EXPECT_HAS(err.text, "Invalid field selection");
    }
}

TEST(paths_of_vision_are_recognized)
{
    static const char *const ours[] = {
        "/v1/images:annotate",
        "/v1/projects/p/images:annotate",
        "/v1/projects/p/locations/eu/images:annotate",
        "/v1/files:annotate",
        "/v1/projects/p/locations/eu/products",
        "/v1/images:asyncBatchAnnotate",
    };
    static const char *const others[] = {
        "/v1/projects/p/topics/images", "/v1/projects/p", "/v1/projects/images/topics",
        "/v2/images:annotate",          "/v1/",           "/",
    };
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        EXPECT(vision_owns(ours[i]));
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        EXPECT(!vision_owns(others[i]));
}

/* A server with only Vision, and a client. */
struct site {
    struct buf sea;
    struct vision_api *vision;
    struct http_server *server;
    struct http_client *client;
};

static void open_site(struct site *site, struct vision_options options)
{
    struct err err = {0};
    OWN(picture) struct picture sea = sea_picture(160, 120);
    *site = (struct site){0};
    make_jpeg(&sea, (struct jpeg_options){0}, &site->sea);
    options.read_object = read_object;
    options.context = &site->sea;
    site->vision = vision_open(&options, &err);
    struct http_server_options server = {.handle = vision_handle, .app = site->vision};
    site->server = http_server_open(&server, &err);
    site->client = http_client_open(NULL, &err);
    if (!site->vision || !site->server || !site->client)
        fail_msg("%s", err.text);
}

static void own_site(struct site *local)
{
    http_client_close(local->client);
    http_server_close(local->server);
    vision_close(local->vision);
    buf_done(&local->sea);
}

/* Posts (or gets, when body is NULL) and returns "STATUS BODY". The caller frees. */
static char *send(struct site *site, const char *target, const char *body)
{
    OWN(free) char *url =
        str_format("http://127.0.0.1:%u%s", http_server_port(site->server), target);
    OWN(http_response) struct http_response response = {0};
    struct err err = {0};
    struct http_call call = {.url = url, .body = bytes_of(body)};
    if (!http_client_send(site->client, &call, &response, &err))
        fail_msg("%s", err.text);
    return str_format("%d %s", response.status, response.body.data ? response.body.data : "");
}

static const char sea_request[] =
    "{\"requests\":[{\"image\":{\"source\":{\"imageUri\":\"gs://pictures/sea/at sunset.jpg\"}},"
    "\"features\":[{\"type\":\"LABEL_DETECTION\",\"maxResults\":2}]}]}";

TEST(labels_are_returned_over_http)
{
    OWN(site) struct site site;
    open_site(&site, (struct vision_options){0});
    static const char *const targets[] = {
        "/v1/images:annotate?$alt=json;enum-encoding=int",
        "/v1/projects/p/images:annotate?alt=json&key=x",
        "/v1/projects/p/locations/us/images:annotate",
    };
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        OWN(free) char *response = send(&site, targets[i], sea_request);
        EXPECT(str_starts(response, "200 "));
        EXPECT_HAS(response, "\"description\": \"Sky\"");
    }
    OWN(free) char *scores =
        send(&site, "/v1/images:annotate?fields=responses.labelAnnotations.score", sea_request);
    EXPECT_HAS(scores, "\"score\": ");
    EXPECT(strstr(scores, "description") == NULL && strstr(scores, "topicality") == NULL);
}

TEST(unsupported_requests_get_googles_error)
{
    OWN(site) struct site site;
    open_site(&site, (struct vision_options){0});
    static const struct {
        const char *target, *body, *status, *text;
    } rows[] = {
        {"/v1/images:annotate", "{", "400 ", "INVALID_ARGUMENT"},
        {"/v1/images:annotate", "{}", "400 ", "Request must specify image and features."},
        {"/v1/images:annotate?fields=a(", sea_request, "400 ", "Invalid field selection a("},
        {"/v1/files:annotate", "{}", "400 ", "/v1/files:annotate is not supported by gcp-local"},
        {"/v1/images:annotate", NULL, "404 ", "NOT_FOUND"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *response = send(&site, rows[i].target, rows[i].body);
        EXPECT(str_starts(response, rows[i].status));
        EXPECT_HAS(response, rows[i].text);
    }
    OWN(buf) struct buf large = {0};
    buf_add_text(&large, "{\"requests\":\"");
    memset(buf_reserve(&large, 11 << 20), 'x', 11 << 20);
    large.len += 11 << 20;
    buf_add_text(&large, "\"}");
    OWN(free) char *response = send(&site, "/v1/images:annotate", large.data);
    EXPECT_HAS(response, "Request payload size exceeds the limit: 10485760 bytes.");
}

TEST(without_weights_the_reply_says_how_to_fetch_them)
{
    OWN(site) struct site site;
    open_site(&site, (struct vision_options){.model = "/nonexistent"});
    OWN(free) char *response = send(&site, "/v1/images:annotate", sea_request);
    EXPECT(str_starts(response, "400 "));
    EXPECT_HAS(response, "FAILED_PRECONDITION");
    EXPECT_HAS(response, "run ./scripts/fetch-weights");
}

TEST(a_picture_is_fetched_over_http_if_that_is_allowed)
{
    OWN(site) struct site site;
    open_site(&site, (struct vision_options){.allow_fetch = true});
    OWN(free) char *request = str_format("{\"requests\":[{\"image\":{\"source\":{\"imageUri\":"
                                         "\"http://127.0.0.1:%u/v1/images:annotate\"}},"
                                         "\"features\":[{\"type\":4}]}]}",
                                         http_server_port(site.server));
    OWN(free) char *response = send(&site, "/v1/images:annotate", request);
    EXPECT_HAS(response, "The URL does not appear to be accessible by us.");
    EXPECT_HAS(response, "HTTP status 404");
}
