/* SPDX-License-Identifier: Apache-2.0 */
/* CloudEvents in the JSON format. Private to cloudevents/. */
#ifndef CLOUDEVENTS_STRUCTURED_H
#define CLOUDEVENTS_STRUCTURED_H

#include "cloudevents/event.h"

/* Reads one event out of a JSON object. */
bool ce_event_from_json(const json_t *tree, struct ce_event *event, struct err *err);

#endif
