/* SPDX-License-Identifier: Apache-2.0 */
/* CloudEvents in the JSON format. */
#ifndef CLOUDEVENTS_STRUCTURED_H
#define CLOUDEVENTS_STRUCTURED_H

#include "cloudevents/event.h"

/* Reads one event out of a JSON object. */
bool ce_event_from_json(const json_t *tree, struct ce_event *event, struct err *err);

/* Writes an event in structured mode: JSON data as JSON, text as a string, anything else as
 * data_base64. The caller frees. */
char *ce_json_from_event(const struct ce_event *event);

#endif
