/* SPDX-License-Identifier: Apache-2.0 */
/* Google's Translation APIs on this machine: HTTP to JSON and back. */
#include "gcp-local/translate/translate_api.h"

#include "base/str.h"
#include "gcp-local/api/api.h"
#include "gcp-local/api/cpu_slots.h"
#include "gcp-local/api/field_case.h"
#include "gcp-local/api/json_reply.h"
#include "gcp-local/translate/translate_v2.h"
#include "gcp-local/translate/translate_v3.h"
#include "net/url.h"

#include <string.h>

struct translate_api {
    struct cpu_slots cpu_slots; /* a run of the translator needs about 280 MB */
};

static const char v2_path[] = "/language/translate/v2";

struct translate_api *translate_open(void)
{
    struct translate_api *translate = alloc_zeroed(sizeof(*translate));
    cpu_slots_open(&translate->cpu_slots);
    return translate;
}

void translate_close(struct translate_api *translate)
{
    if (!translate)
        return;
    cpu_slots_close(&translate->cpu_slots);
    free(translate);
}

bool translate_owns(const char *path)
{
    return str_starts(path, v2_path) || str_starts(path, "/v3/projects/");
}

/* Reads the body, which is JSON unless its Content-Type says that it is a form. */
static json_t *v2_request(const struct http_exchange *exchange, struct err *err)
{
    OWN(free) char *type = headers_media_type(headers_get(&exchange->headers, "Content-Type"));
    bool form = str_equal(type, "application/x-www-form-urlencoded");
    json_auto_t *body = form ? NULL : api_body(exchange, err);
    if (!form && !body)
        return NULL;
    return translate_v2_request(bytes_of(exchange->query),
                                form ? buf_bytes(&exchange->body) : (struct bytes){0}, body, err);
}

static bool v2_method(const char *path, enum translate_v2_method *method)
{
    const char *rest = path + strlen(v2_path);
    if (str_equal(rest, "") || str_equal(rest, "/"))
        *method = V2_TRANSLATE;
    else if (str_equal(rest, "/detect"))
        *method = V2_DETECT;
    else if (str_equal(rest, "/languages"))
        *method = V2_LANGUAGES;
    else
        return false;
    return true;
}

static struct translate_v2_reply v2_reply(const struct http_exchange *exchange)
{
    struct err err = {0};
    enum translate_v2_method method;
    bool known = v2_method(exchange->path, &method) &&
                 (str_equal(exchange->method, "GET") || str_equal(exchange->method, "POST"));
    if (!known) {
        err_set(&err, ERR_NOT_FOUND, "%s %s is not a method of v2", exchange->method,
                exchange->path);
        err.reason = "notFound";
        return (struct translate_v2_reply){err.status, translate_v2_error(&err)};
    }
    json_auto_t *request = v2_request(exchange, &err);
    if (!request) {
        err.reason = "badRequest";
        return (struct translate_v2_reply){err.status, translate_v2_error(&err)};
    }
    return translate_v2(method, request);
}

/* The HTTP method and the part of the path after projects/P or projects/P/locations/L, such as
 * "POST translateText"; "" for other paths. The caller frees. */
static char *v3_method(const struct http_exchange *exchange)
{
    OWN(api_path) struct api_path path = {0};
    if (!api_path_parse(exchange->path, "/v3/", &path))
        return str_copy("");
    size_t index = 2;
    if (path.count > 3 && str_equal(path.segment[2], "locations"))
        index = 4;
    const char *name = path.count == index       ? path.verb
                       : path.count == index + 1 ? path.segment[index]
                                                 : NULL;
    return str_format("%s %s", exchange->method, name ? name : "");
}

static json_t *v3_reply(const struct http_exchange *exchange, struct err *err)
{
    OWN(free) char *method = v3_method(exchange);
    if (str_equal(method, "GET supportedLanguages")) {
        OWN(free) char *display = url_query_get(exchange->query, "displayLanguageCode");
        return translate_v3_languages(display, err);
    }
    bool text = str_equal(method, "POST translateText");
    if (!text && !str_equal(method, "POST detectLanguage")) {
        err_set(err, ERR_INPUT, "%s %s is not supported by gcp-local", exchange->method,
                exchange->path);
        return NULL;
    }
    json_auto_t *body = api_body(exchange, err);
    if (!body)
        return NULL;
    json_auto_t *request = field_case_to_camel(body);
    return text ? translate_v3_text(request, err) : translate_v3_detect(request, err);
}

static void reply(struct http_exchange *exchange)
{
    if (str_starts(exchange->path, v2_path)) {
        struct translate_v2_reply v2 = v2_reply(exchange);
        json_reply_send(exchange, v2.status, v2.body);
        return;
    }
    struct err err = {0};
    json_t *body = v3_reply(exchange, &err);
    if (body)
        json_reply_send(exchange, 200, body);
    else
        api_reply_err(exchange, API_ONE_PLATFORM, &err);
}

static void work(struct http_exchange *exchange, void *app)
{
    struct translate_api *translate = app;
    cpu_slots_acquire(&translate->cpu_slots);
    reply(exchange);
    cpu_slots_release(&translate->cpu_slots);
}

void translate_handle(struct http_exchange *exchange, void *translate)
{
    http_exchange_run_blocking(exchange, work, translate);
}
