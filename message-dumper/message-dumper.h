/* SPDX-License-Identifier: Apache-2.0 */
/* message-dumper: logs each event, as received and decoded. */
#ifndef MESSAGE_DUMPER_H
#define MESSAGE_DUMPER_H

#include "cloudevents/service.h"

/* A ce_handler. app is a struct message_dumper. */
bool message_dumper_on_event(const struct ce_event *event, struct ce_reply *reply, void *app,
                             struct err *err);

/* What the program keeps. */
struct message_dumper {
    struct history *history;  /* the last events, for GET /events */
    struct push_dlopen *push; /* checks push tokens; NULL = nobody asked for that */
};

#endif
