/* SPDX-License-Identifier: Apache-2.0 */
/* message-dumper: logs each event, as received and decoded. */
#include "message-dumper/message-dumper.h"

#include "base/env.h"
#include "base/log.h"
#include "base/str.h"
#include "bridge/bridge.h"
#include "message-dumper/history.h"
#include "message-dumper/printable.h"

void *message_dumper_open(unsigned apis, struct err *err)
{
    (void)apis;
    int64_t max_events, max_bytes;
    if (!env_int("HISTORY_EVENTS", 0, 100000, 100, &max_events, err) ||
        !env_int("HISTORY_BYTES", 0, 1 << 30, 1 << 20, &max_bytes, err))
        return NULL;
    return history_open((size_t)max_events, (size_t)max_bytes);
}

void message_dumper_close(void *app)
{
    history_close(app);
}

bool message_dumper_on_event(const struct ce_event *event, struct ce_reply *reply, void *app,
                             struct err *err)
{
    OWN(gcp_message) struct gcp_message message = {0};
    if (!bridge_message_from_event(event, &message, err))
        return false;

    OWN(free) char *body = printable(ce_data(event));
    OWN(free) char *payload = message.data_error ? str_format("none: %s", message.data_error)
                                                 : printable(gcp_message_data(&message));
    log_info("Message Dumper received message: %s\n  payload: %s", body, payload);

    history_add(app, event, &message);
    if (!event->spec_version) /* a person with curl, or a push */
        reply->text = str_format("Message Dumper received message: %s", body);
    return true;
}

bool message_dumper_get(struct http_exchange *exchange, void *app)
{
    if (!str_equal(exchange->path, "/events"))
        return false;
    http_exchange_reply_json(exchange, 200, history_json(app));
    return true;
}
