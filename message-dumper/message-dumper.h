/* SPDX-License-Identifier: Apache-2.0 */
/* message-dumper: logs every message that it gets. */
#ifndef MESSAGE_DUMPER_H
#define MESSAGE_DUMPER_H

#include "cloudevents/service.h"

/* Opens the history of the last events, as HISTORY_EVENTS and HISTORY_BYTES say: the app of the
 * functions below, a struct history. NULL and err (ERR_INPUT). */
void *message_dumper_open(unsigned apis, struct err *err);
void message_dumper_close(void *app);

/* A ce_handler. */
bool message_dumper_on_event(const struct ce_event *event, struct ce_reply *reply, void *app,
                             struct err *err);

/* Answers GET /events with the history. */
bool message_dumper_get(struct http_exchange *exchange, void *app);

#endif
