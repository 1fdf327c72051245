/* The status of an object: Knative's conditions, of which Ready sums up the others. */
#ifndef KN_LOCAL_CONTROLLERS_CONDITIONS_H
#define KN_LOCAL_CONTROLLERS_CONDITIONS_H

#include "kn-local/dataplane/runtime.h"

#include <jansson.h>

/* A new status for an object: its generation was observed, no condition yet. */
json_t *status_new(const json_t *object);

/* Adds a condition. The time of its last change is kept from the object's old status when it did
 * not change. reason and message may be "". */
void status_condition(json_t *status, const json_t *object, const char *type,
                      enum runtime_ready ready, const char *reason, const char *message);

/* Adds Ready: false when a condition is false, unknown when one is, with its reason. */
void status_sum_up(json_t *status, const json_t *object);

/* Sets address.url, or removes the address when url is NULL. */
void status_address(json_t *status, const char *url);

#endif
