/* SPDX-License-Identifier: Apache-2.0 */
/* The status of an object: Knative's conditions, of which Ready sums up the others. */
#ifndef KN_LOCAL_CONTROLLERS_CONDITIONS_H
#define KN_LOCAL_CONTROLLERS_CONDITIONS_H

#include "kn-local/dataplane/runtime.h"

#include <jansson.h>

/* A new status for an object: its generation was observed, no condition yet. */
json_t *conditions_new_status(const json_t *object);

/* Adds a condition. The time of its last change is kept from the object's old status when it did
 * not change. reason and message may be "". */
void conditions_add(json_t *status, const json_t *object, const char *type,
                    enum resource_ready ready, const char *reason, const char *message);

/* Adds Ready: false when a condition is false, unknown when one is, with its reason. */
void conditions_add_ready(json_t *status, const json_t *object);

/* Sets address.url, or removes the address when url is NULL. */
void conditions_set_address(json_t *status, const char *url);

#endif
