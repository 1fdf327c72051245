/* SPDX-License-Identifier: Apache-2.0 */
/* Translation, API v2 or v3.
 * API: cloud.google.com/translate/docs/reference/rest */
#include "base/str.h"
#include "gcp/client/client.h"
#include "net/url.h"

void gcp_translation_done(struct gcp_translation *translation)
{
    free(translation->text);
    free(translation->detected);
    *translation = (struct gcp_translation){0};
}

void gcp_languages_done(struct gcp_languages *languages)
{
    for (size_t i = 0; i < languages->count; i++) {
        free(languages->list[i].code);
        free(languages->list[i].name);
    }
    free(languages->list);
    *languages = (struct gcp_languages){0};
}

/* "/v3/projects/P[/locations/L]" and suffix. NULL and err without a project. The caller frees. */
static char *v3_target(const struct gcp *gcp, const char *suffix, struct err *err)
{
    if (!gcp->project) {
        err_set(err, ERR_INTERNAL, "Translate v3 needs a project; set GOOGLE_CLOUD_PROJECT");
        return NULL;
    }
    const char *location = gcp->translate_location;
    return str_format("/v3/projects/%s%s%s%s", gcp->project, location ? "/locations/" : "",
                      location ? location : "", suffix);
}

/* Posts body to the v2 target, or with v3 to the target with that suffix. Returns the response, a
 * new reference. */
static json_t *post(struct gcp *gcp, const char *v2, const char *v3, const json_t *body,
                    struct err *err)
{
    OWN(free) char *target = gcp->translate_v3 ? v3_target(gcp, v3, err) : str_copy(v2);
    if (!target)
        return NULL;
    if (!body) {
        err_set(err, ERR_INPUT, "the text or a language is not valid UTF-8");
        return NULL;
    }
    struct google_call call = {.api = GCP_API_TRANSLATE, .target = target, .json = body};
    json_t *reply = google_call_json(gcp, &call, err);
    if (!reply)
        gcp_err_for_handler(err);
    return reply;
}

static json_t *translate_request(const struct gcp *gcp, const char *text, const char *from,
                                 const char *context)
{
    const char *source = str_empty(from) ? NULL : from;
    if (gcp->translate_v3)
        return json_pack("{s:[s], s:s, s:s*, s:s}", "contents", text, "mimeType", "text/plain",
                         "sourceLanguageCode", source, "targetLanguageCode", context);
    /* without format the API reads the text as HTML and escapes the result */
    return json_pack("{s:[s], s:s, s:s*, s:s}", "q", text, "target", context, "source", source,
                     "format", "text");
}

static bool read_translation(const struct gcp *gcp, const json_t *reply,
                             struct gcp_translation *translation, struct err *err)
{
    struct jread reader = jread_open(reply, "Translate's reply", ERR_UPSTREAM, err);
    struct jread data = gcp->translate_v3 ? reader : jread_obj(&reader, "data");
    struct jread list = jread_list(&data, "translations");
    struct jread first = jread_item(&list, 0);
    const char *detected = gcp->translate_v3 ? "detectedLanguageCode" : "detectedSourceLanguage";
    translation->text = str_copy(jread_str(&first, "translatedText"));
    translation->detected = str_copy(jread_str_or(&first, detected, NULL));
    return jread_ok(&reader);
}

bool gcp_translate(struct gcp *gcp, const char *text, const char *from, const char *context,
                   struct gcp_translation *translation, struct err *err)
{
    json_auto_t *body = translate_request(gcp, text, from, context);
    json_auto_t *reply = post(gcp, "/language/translate/v2", ":translateText", body, err);
    return reply && read_translation(gcp, reply, translation, err);
}

static void add_language(struct gcp_languages *languages, struct jread *item, const char *key,
                         const char *name_key)
{
    size_t size = (languages->count + 1) * sizeof(languages->list[0]);
    languages->list = alloc_resize(languages->list, size);
    languages->list[languages->count++] = (struct gcp_language){
        .code = str_copy(jread_str(item, key)),
        .name = str_copy(jread_str_or(item, name_key, NULL)),
        .confidence = jread_real_or(item, "confidence", 0),
    };
}

static bool read_detected(const struct gcp *gcp, const json_t *reply,
                          struct gcp_languages *languages, struct err *err)
{
    struct jread reader = jread_open(reply, "Translate's reply", ERR_UPSTREAM, err);
    struct jread data, all, list;
    if (gcp->translate_v3) {
        list = jread_list(&reader, "languages");
    } else {
        data = jread_obj(&reader, "data");
        all = jread_list(&data, "detections");
        list = jread_item_list(&all, 0);
    }
    for (size_t i = 0; i < jread_count(&list); i++) {
        struct jread item = jread_item(&list, i);
        add_language(languages, &item, gcp->translate_v3 ? "languageCode" : "language", "name");
    }
    return jread_ok(&reader);
}

bool gcp_translate_detect(struct gcp *gcp, const char *text, struct gcp_languages *languages,
                          struct err *err)
{
    json_auto_t *body = gcp->translate_v3
                            ? json_pack("{s:s, s:s}", "content", text, "mimeType", "text/plain")
                            : json_pack("{s:[s]}", "q", text);
    json_auto_t *reply = post(gcp, "/language/translate/v2/detect", ":detectLanguage", body, err);
    return reply && read_detected(gcp, reply, languages, err);
}

static char *languages_target(const struct gcp *gcp, const char *display, struct err *err)
{
    OWN(free) char *encoded = str_empty(display) ? NULL : url_encode_text(display);
    if (!gcp->translate_v3)
        return str_format("/language/translate/v2/languages%s%s", encoded ? "?target=" : "",
                          encoded ? encoded : "");
    OWN(free) char *what = str_format(
        "/supportedLanguages%s%s", encoded ? "?displayLanguageCode=" : "", encoded ? encoded : "");
    return v3_target(gcp, what, err);
}

bool gcp_translate_languages(struct gcp *gcp, const char *display, struct gcp_languages *languages,
                             struct err *err)
{
    OWN(free) char *target = languages_target(gcp, display, err);
    if (!target)
        return false;
    struct google_call call = {.api = GCP_API_TRANSLATE, .target = target};
    json_auto_t *reply = google_call_json(gcp, &call, err);
    if (!reply)
        return gcp_err_for_handler(err);

    struct jread reader = jread_open(reply, "Translate's reply", ERR_UPSTREAM, err);
    struct jread data = gcp->translate_v3 ? reader : jread_obj(&reader, "data");
    struct jread list = jread_list_or_empty(&data, "languages");
    for (size_t i = 0; i < jread_count(&list); i++) {
        struct jread item = jread_item(&list, i);
        if (gcp->translate_v3)
            add_language(languages, &item, "languageCode", "displayName");
        else
            add_language(languages, &item, "language", "name");
    }
    return jread_ok(&reader);
}
