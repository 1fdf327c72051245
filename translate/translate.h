/* SPDX-License-Identifier: Apache-2.0 */
/* translate: translates the texts in events. */
#ifndef TRANSLATE_TRANSLATE_H
#define TRANSLATE_TRANSLATE_H

#include "cloudevents/service.h"
#include "gcp/gcp.h"

/* A ce_handler for {"text","from","to"}. app is a struct gcp. */
bool translate_on_event(const struct ce_event *event, struct ce_reply *reply, void *app,
                        struct err *err);

#endif
