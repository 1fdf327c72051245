/* SPDX-License-Identifier: Apache-2.0 */
/* message-dumper: logs each event, as received and decoded. */
#ifndef MESSAGE_DUMPER_H
#define MESSAGE_DUMPER_H

#include "cloudevents/service.h"

/* Opens a struct history, the app of the functions below, with the limits in HISTORY_EVENTS and
 * HISTORY_BYTES. NULL and err (ERR_INPUT) when one is not valid. */
void *message_dumper_open(unsigned apis, struct err *err);
void message_dumper_close(void *app);

/* A ce_handler. */
bool message_dumper_on_event(const struct ce_event *event, struct ce_reply *reply, void *app,
                             struct err *err);

/* Answers GET /events with the history. */
bool message_dumper_get(struct http_exchange *exchange, void *app);

#endif
