/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions in the status of an object. Ready sums up the others. */
#ifndef KN_LOCAL_CONTROLLERS_CONDITIONS_H
#define KN_LOCAL_CONTROLLERS_CONDITIONS_H

#include "kn-local/dataplane/runtime.h"

#include <jansson.h>

/* A new status with the object's generation as observedGeneration and no conditions. A new
 * reference. */
json_t *conditions_new_status(const json_t *object);

/* Adds a condition. lastTransitionTime is kept from the object's old status when the condition's
 * status is the same. reason and message may be "" or NULL: then they are left out. */
void conditions_add(json_t *status, const json_t *object, const char *type,
                    enum resource_ready ready, const char *reason, const char *message);

/* Adds Ready: False when a condition is False, else Unknown when one is, with the reason and
 * message of that condition; else True. */
void conditions_add_ready(json_t *status, const json_t *object);

/* Sets address.url, or removes the address when url is NULL. */
void conditions_set_address(json_t *status, const char *url);

#endif
