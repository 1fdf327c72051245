/* translate: translates the texts that it is sent. */
#include "translate/translate.h"

#include "base/log.h"
#include "base/str.h"
#include "bridge/bridge.h"
#include "translate/relaxed.h"

/* What is asked for; borrowed from the payload. */
struct request {
    const char *text, *from, *to;
};

/* The member of that name in any case, as the tutorial's senders write it; NULL = not there. */
static const json_t *member(const json_t *object, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key,
                        value) if (str_equal_any_case(key, name)) return value;
    return NULL;
}

/* Reads one field: "" when it is missing or null. */
static bool read_field(const json_t *payload, const char *name, const char **value, struct err *err)
{
    const json_t *found = member(payload, name);
    if (found && !json_is_string(found) && !json_is_null(found))
        return err_set(err, ERR_INPUT, "Translation '%s' must be a string", name);
    *value = json_is_string(found) ? json_string_value(found) : "";
    return true;
}

static bool read_request(const json_t *payload, struct request *request, struct err *err)
{
    if (!read_field(payload, "text", &request->text, err) ||
        !read_field(payload, "from", &request->from, err) ||
        !read_field(payload, "to", &request->to, err))
        return false;
    if (!*request->text)
        return err_set(err, ERR_INPUT, "Translation text cannot be empty or null");
    if (!*request->to)
        return err_set(err, ERR_INPUT, "Translation 'to' cannot be empty or null");
    return true;
}

/* Whether the payload is a translation request at all, right or wrong. */
static bool is_request(const json_t *payload)
{
    return member(payload, "text") || member(payload, "to");
}

static void answer(const struct request *request, const struct gcp_translation *translation,
                   struct ce_reply *reply)
{
    json_auto_t *data = json_pack("{s:s, s:s, s:s*, s:s}", "text", request->text, "from",
                                  translation->detected ? translation->detected : request->from,
                                  "detected", translation->detected, "to", request->to);
    json_object_set_new(data, "translatedText", json_string(translation->text));
    OWN(free) char *text = json_to_text(data);
    ce_event_new(&reply->event, "//translation.googleapis.com", "text.translated",
                 "application/json", bytes_of(text));
}

bool translate_on_event(const struct ce_event *event, struct ce_reply *reply, void *app,
                        struct err *err)
{
    struct translate *translate = app;

    OWN(gcp_message) struct gcp_message message = {0};
    if (!message_from_event(event, &message, err))
        return false;
    if (message.data_error)
        return err_set(err, ERR_INPUT, "%s", message.data_error);

    struct err no_json = {0};
    json_auto_t *payload = json_from_relaxed(gcp_message_data(&message), "payload", &no_json);
    if (!is_request(payload))
        return true; /* some other event: acknowledged and left alone */

    struct request request;
    OWN(gcp_translation) struct gcp_translation translation = {0};
    if (!read_request(payload, &request, err) ||
        !gcp_translate(translate->gcp, request.text, request.from, request.to, &translation, err))
        return false;

    reply->text = translation.detected ? str_format("Translated text: %s\nDetected language: %s",
                                                    translation.text, translation.detected)
                                       : str_format("Translated text: %s", translation.text);
    log_info("%s", reply->text);
    answer(&request, &translation, reply);
    return true;
}
