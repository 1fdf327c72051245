/* SPDX-License-Identifier: Apache-2.0 */
/* Translation API v2 ("Basic"). */
#include "gcp-local/translate/translate_v2.h"

#include "base/str.h"
#include "gcp-local/translate/detect.h"
#include "gcp-local/translate/translate_batch.h"
#include "net/url.h"

#include <string.h>

enum {
    MAX_SEGMENTS = 128,
    MAX_TEXT_BYTES = 204800,
};

/* An error in the form of Google's older APIs; field is the invalid one, or NULL. */
static json_t *error_body(const struct err *err, const char *field)
{
    const char *reason = err->reason ? err->reason : "invalid";
    json_t *error =
        json_pack("{s:i, s:s, s:[{s:s, s:s, s:s}]}", "code", err->status, "message",
                  field ? "Invalid Value" : err->text, "errors", "message",
                  field ? "Invalid Value" : err->text, "domain", "global", "reason", reason);
    if (!field)
        return json_pack("{s:o}", "error", error);
    json_object_set_new(error, "status", json_string("INVALID_ARGUMENT"));
    json_object_set_new(error, "details",
                        json_pack("[{s:s, s:[{s:s, s:s}]}]", "@type",
                                  "type.googleapis.com/google.rpc.BadRequest", "fieldViolations",
                                  "field", field, "description", err->text));
    return json_pack("{s:o}", "error", error);
}

json_t *translate_v2_error(const struct err *err)
{
    return error_body(err, NULL);
}

struct request {
    struct translate_batch texts;
    const struct language *source, *target; /* NULL when not given */
    const char *bad_field;                  /* with an unknown language or format; NULL = none */
};

static void own_request(struct request *local)
{
    translate_batch_done(&local->texts);
}

static bool read_texts(struct jread *reader, struct translate_batch *texts, struct err *err)
{
    const json_t *q = json_object_get(reader->here, "q");
    size_t count = json_is_array(q) ? json_array_size(q) : json_is_string(q) ? 1 : 0;
    if (count == 0)
        return err_set_reason(err, ERR_INPUT, "required", "Required Text");
    if (count > MAX_SEGMENTS)
        return err_set(err, ERR_INPUT, "Too many text segments");
    texts->list = alloc_zeroed(count * sizeof(*texts->list));
    texts->count = count;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        const json_t *text = json_is_array(q) ? json_array_get(q, i) : q;
        if (!json_is_string(text))
            return jread_fail(reader, "q", "must hold strings only");
        texts->list[i].text = json_string_value(text);
        bytes += strlen(texts->list[i].text);
    }
    return bytes <= MAX_TEXT_BYTES || err_set(err, ERR_INPUT, "Text too long");
}

/* An empty code is the same as none. */
static bool read_language(struct jread *reader, const char *field, struct request *request,
                          const struct language **language, struct err *err)
{
    const char *code = jread_str_or(reader, field, "");
    if (!jread_ok(reader))
        return false;
    *language = language_find(code);
    if (*language || !*code)
        return true;
    request->bad_field = field;
    return err_set(err, ERR_INPUT, "%s language: %s",
                   str_equal(field, "source") ? "Source" : "Target", code);
}

static bool read_format(struct jread *reader, struct request *request, struct err *err)
{
    const char *format = jread_str_or(reader, "format", "html");
    request->texts.html = str_equal(format, "html");
    if (!jread_ok(reader) || request->texts.html || str_equal(format, "text"))
        return jread_ok(reader);
    request->bad_field = "format";
    return err_set(err, ERR_INPUT, "Format: %s", format);
}

static bool read_request(const json_t *tree, struct request *request, struct err *err)
{
    static const char *const known[] = {"q", "source", "target", "format", "model", "cid"};
    struct jread reader = jread_open(tree, "Invalid JSON payload received", ERR_INPUT, err);
    return jread_only(&reader, known, ARRAY_SIZE(known)) &&
           read_language(&reader, "source", request, &request->source, err) &&
           read_language(&reader, "target", request, &request->target, err) &&
           read_format(&reader, request, err);
}

static bool set_languages(const json_t *tree, struct request *request, struct err *err)
{
    if (!request->target)
        return err_set_reason(err, ERR_INPUT, "required", "Required parameter: target");
    if (request->source == request->target)
        return err_set_reason(err, ERR_INPUT, "badRequest", "Bad language pair: %s|%s",
                              json_string_value(json_object_get(tree, "source")),
                              json_string_value(json_object_get(tree, "target")));
    translate_batch_set_languages(&request->texts, request->source, request->target);
    return true;
}

static json_t *translate(const json_t *tree, struct request *request, struct err *err)
{
    struct jread reader = jread_open(tree, "Invalid JSON payload received", ERR_INPUT, err);
    if (!read_texts(&reader, &request->texts, err) || !set_languages(tree, request, err) ||
        !translate_batch_run(&request->texts, err))
        return NULL;
    return translate_batch_to_json(&request->texts, "detectedSourceLanguage");
}

static json_t *detect(const json_t *tree, struct request *request, struct err *err)
{
    struct jread reader = jread_open(tree, "Invalid JSON payload received", ERR_INPUT, err);
    if (!read_texts(&reader, &request->texts, err))
        return NULL;
    json_t *list = json_array();
    for (size_t i = 0; i < request->texts.count; i++) {
        double confidence;
        const struct language *language =
            detect_language(request->texts.list[i].text, false, &confidence);
        json_array_append_new(list, json_pack("[{s:s, s:f, s:b}]", "language",
                                              language ? language->code : "und", "confidence",
                                              confidence, "isReliable", 0));
    }
    return json_pack("{s:o}", "detections", list);
}

static json_t *languages(const struct request *request)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
        const struct language *language = language_at(i);
        json_t *item = json_pack("{s:s}", "language", language->code);
        if (request->target)
            json_object_set_new(item, "name",
                                json_string(language_name(language, request->target)));
        json_array_append_new(list, item);
    }
    return json_pack("{s:o}", "languages", list);
}

struct translate_v2_reply translate_v2(enum translate_v2_method method, const json_t *tree)
{
    OWN(request) struct request request = {0};
    struct err err = {0};
    json_t *data = NULL;
    if (read_request(tree, &request, &err)) {
        if (method == V2_TRANSLATE)
            data = translate(tree, &request, &err);
        else
            data = method == V2_DETECT ? detect(tree, &request, &err) : languages(&request);
    }
    if (data)
        return (struct translate_v2_reply){200, json_pack("{s:o}", "data", data)};
    return (struct translate_v2_reply){err.status, error_body(&err, request.bad_field)};
}

/* Adds a parameter of a query or form, if the API has it; q may be repeated. */
static void add_parameter(const char *name, const char *value, void *context)
{
    static const char *const texts[] = {"source", "target", "format", "model", "cid"};
    json_t *request = context;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (str_equal(name, texts[i]))
            json_object_set_new(request, name, json_string(value));
    if (!str_equal(name, "q"))
        return;
    if (!json_object_get(request, "q"))
        json_object_set_new(request, "q", json_array());
    json_array_append_new(json_object_get(request, "q"), json_string(value));
}

json_t *translate_v2_request(struct bytes query, struct bytes form, const json_t *body,
                             struct err *err)
{
    json_auto_t *request = json_object();
    if (!url_query_each(query, add_parameter, request) ||
        !url_query_each(form, add_parameter, request)) {
        err_set(err, ERR_INPUT, "the query or form cannot be decoded");
        return NULL;
    }
    if (body)
        json_object_update(request, (json_t *)body);
    return move_ptr(&request);
}
