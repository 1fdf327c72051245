/* SPDX-License-Identifier: Apache-2.0 */
/* message-dumper: logs each event, as received and decoded. */
#include "message-dumper/message-dumper.h"

#include "base/log.h"
#include "base/str.h"
#include "bridge/bridge.h"
#include "message-dumper/history.h"
#include "message-dumper/printable.h"

bool message_dumper_on_event(const struct ce_event *event, struct ce_reply *reply, void *app,
                             struct err *err)
{
    struct message_dumper *dumper = app;

    OWN(gcp_message) struct gcp_message message = {0};
    if (!bridge_message_from_event(event, &message, err))
        return false;

    OWN(free) char *body = printable(ce_data(event));
    OWN(free) char *payload = message.data_error ? str_format("none: %s", message.data_error)
                                                 : printable(gcp_message_data(&message));
    log_info("Message Dumper received message: %s\n  payload: %s", body, payload);

    history_add(dumper->history, event, &message);
    if (!event->spec_version) /* a person with curl, or a push */
        reply->text = str_format("Message Dumper received message: %s", body);
    return true;
}
