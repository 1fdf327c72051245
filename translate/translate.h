/* SPDX-License-Identifier: Apache-2.0 */
/* translate: translates the texts in events. */
#ifndef TRANSLATE_TRANSLATE_H
#define TRANSLATE_TRANSLATE_H

#include "cloudevents/service.h"
#include "gcp/gcp.h"

/* What the program keeps. */
struct translate_service {
    struct gcp *gcp;
    struct gcp_push *push; /* checks push tokens; NULL = nobody asked for that */
};

/* A ce_handler for {"text","from","to"}. app is a struct translate_service. */
bool translate_on_event(const struct ce_event *event, struct ce_reply *reply, void *app,
                        struct err *err);

#endif
