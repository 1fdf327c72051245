/* SPDX-License-Identifier: Apache-2.0 */
/* vision: labels pictures that are uploaded to a bucket. */
#ifndef VISION_VISION_H
#define VISION_VISION_H

#include "cloudevents/service.h"
#include "gcp/gcp.h"

/* A ce_handler. app is a struct gcp. */
bool vision_on_event(const struct ce_event *event, struct ce_reply *reply, void *app,
                     struct err *err);

/* "This picture is labelled: Sea,Coast,Water": the three best labels, and all others with a score
 * above 0.5. Sorts labels. The caller frees. */
char *vision_line(struct gcp_labels *labels);

#endif
