/* SPDX-License-Identifier: Apache-2.0 */
/* translate: translates the texts in events. */
#include "translate/translate.h"

#include "base/log.h"
#include "base/str.h"
#include "bridge/bridge.h"
#include "translate/request.h"

static void set_reply(const struct translate_request *request,
                      const struct gcp_translation *translation, struct ce_reply *reply)
{
    json_auto_t *data = json_pack("{s:s, s:s, s:s*, s:s}", "text", request->text, "from",
                                  translation->detected ? translation->detected : request->from,
                                  "detected", translation->detected, "to", request->to);
    json_object_set_new(data, "translatedText", json_string(translation->text));
    OWN(free) char *text = json_to_text(data);
    ce_event_new(&reply->event, "//translation.googleapis.com", "text.translated",
                 "application/json", bytes_of(text));
}

/* True for a Storage notification, which has no text to translate. False and err when it is not
 * valid: then every service refuses it. */
static bool is_notification(const struct ce_event *event, struct err *err)
{
    OWN(gcp_object_event) struct gcp_object_event object = {0};
    if (!bridge_object_from_event(event, &object, err) || !object.type)
        return false;
    if (!str_equal(object.type, "OBJECT_FINALIZE"))
        return true;
    OWN(free) char *uri = gcp_storage_uri(object.bucket, object.object, err);
    return uri;
}

bool translate_on_event(const struct ce_event *event, struct ce_reply *reply, void *app,
                        struct err *err)
{
    if (is_notification(event, err))
        return true;
    OWN(gcp_message) struct gcp_message message = {0};
    if (err->status || !bridge_message_from_event(event, &message, err))
        return false;
    if (message.data_error)
        return err_set(err, ERR_INPUT, "%s", message.data_error);

    json_auto_t *payload = translate_payload(gcp_message_data(&message));
    if (!payload)
        return true; /* other events are acknowledged and ignored */

    struct translate_request request;
    OWN(gcp_translation) struct gcp_translation translation = {0};
    if (!translate_request_from_json(payload, &request, err) ||
        !gcp_translate(app, request.text, request.from, request.to, &translation, err))
        return false;

    reply->text = translation.detected ? str_format("Translated text: %s\nDetected language: %s",
                                                    translation.text, translation.detected)
                                       : str_format("Translated text: %s", translation.text);
    log_info("%s", reply->text);
    set_reply(&request, &translation, reply);
    return true;
}
