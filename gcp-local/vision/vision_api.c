/* SPDX-License-Identifier: Apache-2.0 */
/* Google's Vision API on this machine. */
#include "gcp-local/vision/vision_api.h"

#include "base/str.h"
#include "gcp-local/api/api.h"
#include "gcp-local/api/cpu_slots.h"
#include "gcp-local/api/field_case.h"
#include "gcp-local/api/field_mask.h"
#include "gcp-local/api/json_reply.h"
#include "gcp-local/vision/annotate.h"
#include "net/client/http_client.h"
#include "net/url.h"

#include <pthread.h>
#include <string.h>

enum {
    MAX_REQUEST_BYTES = 10 << 20, /* bytes of JSON; Google's limit */
    FETCH_TIMEOUT_MS = 20000,
};

struct vision_api {
    char *model;
    struct image_source source;
    struct http_client *client; /* NULL when nothing may be fetched */
    struct cpu_slots cpu_slots;
    pthread_mutex_t lock;    /* guards network, which does not change once it is open */
    struct network *network; /* NULL until the first request */
};

/* Fetches a picture from the web; context is the http_client. */
static bool fetch(const char *url, size_t max, struct buf *out, void *context, struct err *err)
{
    OWN(http_response) struct http_response response = {0};
    struct http_call call = {.url = url, .timeout_ms = FETCH_TIMEOUT_MS, .max_reply = max};
    if (!http_client_send(context, &call, &response, err))
        return false;
    if (response.status != 200)
        return err_set(err, ERR_INPUT, "%s: HTTP status %d", url, response.status);
    if (!buf_add(out, response.body.data, response.body.len))
        return err_set(err, ERR_TOO_LARGE, "%s is too large", url);
    return true;
}

struct vision_api *vision_open(const struct vision_options *options, struct err *err)
{
    struct http_client *client = options->allow_fetch ? http_client_open(NULL, err) : NULL;
    if (options->allow_fetch && !client)
        return NULL;
    struct vision_api *vision = alloc_zeroed(sizeof(*vision));
    vision->model = network_path(options->model);
    vision->client = client;
    vision->source = (struct image_source){.read_object = options->read_object,
                                           .context = options->context,
                                           .fetch = client ? fetch : NULL,
                                           .fetch_context = client};
    cpu_slots_open(&vision->cpu_slots);
    pthread_mutex_init(&vision->lock, NULL);
    return vision;
}

void vision_close(struct vision_api *vision)
{
    if (!vision)
        return;
    http_client_close(vision->client);
    network_close(vision->network);
    pthread_mutex_destroy(&vision->lock);
    cpu_slots_close(&vision->cpu_slots);
    free(vision->model);
    free(vision);
}

/* Opens the network at the first call. A failure is not remembered: the weights may have been
 * fetched before the next request. */
static const struct network *get_network(struct vision_api *vision, struct err *err)
{
    pthread_mutex_lock(&vision->lock);
    if (!vision->network)
        vision->network = network_open(vision->model, err);
    const struct network *network = vision->network;
    pthread_mutex_unlock(&vision->lock);
    if (!network) {
        err->status = ERR_INPUT; /* clients do not retry it */
        err->reason = "FAILED_PRECONDITION";
    }
    return network;
}

/* Parses /v1/, /v1/projects/P/ or /v1/projects/P/locations/L/ followed by a collection, such as
 * "images", and a verb. False when it is not a path of Vision. */
static bool parse_path(const char *path, struct api_path *parts, const char **collection)
{
    if (!api_path_parse(path, "/v1/", parts) || parts->count == 0)
        return false;
    size_t index = 0;
    for (int i = 0; i < 2 && index + 2 < parts->count; i++)
        if (str_equal(parts->segment[index], i == 0 ? "projects" : "locations"))
            index += 2;
    *collection = parts->segment[index];
    return str_equal(*collection, "images") || str_equal(*collection, "files") ||
           str_equal(*collection, "products") || str_equal(*collection, "productSets");
}

bool vision_owns(const char *path)
{
    OWN(api_path) struct api_path parts = {0};
    const char *collection;
    return parse_path(path, &parts, &collection);
}

static bool is_annotate(const char *path)
{
    OWN(api_path) struct api_path parts = {0};
    const char *collection;
    return parse_path(path, &parts, &collection) && str_equal(collection, "images") &&
           str_equal(parts.verb, "annotate");
}

/* Applies the parameter `fields` (or `$fields`). */
static bool select_fields(const struct http_exchange *exchange, json_t *response, struct err *err)
{
    OWN(free) char *fields = url_query_get(exchange->query, "fields");
    if (!fields)
        fields = url_query_get(exchange->query, "$fields");
    return str_empty(fields) || field_mask_apply(response, fields, err);
}

static json_t *label(struct vision_api *vision, const struct http_exchange *exchange,
                     struct err *err)
{
    json_auto_t *body = api_body(exchange, err);
    if (!body)
        return NULL;
    const struct network *network = get_network(vision, err);
    if (!network)
        return NULL;
    json_auto_t *request = field_case_to_camel(body);
    json_auto_t *response = annotate(network, &vision->source, request, err);
    if (!response || !select_fields(exchange, response, err))
        return NULL;
    return move_ptr(&response);
}

static void work(struct http_exchange *exchange, void *app)
{
    struct vision_api *vision = app;
    cpu_slots_acquire(&vision->cpu_slots);
    struct err err = {0};
    json_t *response = label(vision, exchange, &err);
    cpu_slots_release(&vision->cpu_slots);
    if (response)
        json_reply_send(exchange, 200, response);
    else
        api_reply_err(exchange, API_ONE_PLATFORM, &err);
}

void vision_handle(struct http_exchange *exchange, void *vision)
{
    if (!is_annotate(exchange->path))
        api_reject(exchange, API_ONE_PLATFORM, ERR_INPUT, NULL,
                   "%s is not supported by gcp-local, only images:annotate is", exchange->path);
    else if (!str_equal(exchange->method, "POST"))
        api_reject(exchange, API_ONE_PLATFORM, ERR_NOT_FOUND, NULL,
                   "images:annotate requires POST");
    else if (exchange->body.len > MAX_REQUEST_BYTES)
        api_reject(exchange, API_ONE_PLATFORM, ERR_INPUT, NULL,
                   "Request payload size exceeds the limit: %d bytes.", MAX_REQUEST_BYTES);
    else
        http_exchange_run_blocking(exchange, work, vision);
}
