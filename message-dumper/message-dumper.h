/* message-dumper: logs every message that it gets. */
#ifndef MESSAGE_DUMPER_H
#define MESSAGE_DUMPER_H

#include "cloudevents/service.h"

/* A ce_handler. app is a struct dumper. */
bool dump_event(const struct ce_event *event, struct ce_reply *reply, void *app, struct err *err);

/* What the program keeps. */
struct dumper {
    struct history *history; /* the last events, for GET /events */
    struct gcp_push *push;  /* checks push tokens; NULL = nobody asked for that */
};

#endif
