/* SPDX-License-Identifier: Apache-2.0 */
/* Names of topics and subscriptions. */
#ifndef GCP_PUBSUB_RESOURCE_NAME_H
#define GCP_PUBSUB_RESOURCE_NAME_H

#include "gcp/client/client.h"

/* The full name, "projects/P/topics/T", of a full name or of "T" alone. kind is "topics" or
 * "subscriptions". The caller frees. NULL and ERR_INPUT when the name is not valid. */
char *resource_name(const struct gcp *gcp, const char *kind, const char *name, struct err *err);

/* The target of a call: "/v1/projects/P/topics/T:publish"; without ":" when verb is NULL. The
 * caller frees. */
char *resource_name_target(const char *full_name, const char *verb);

#endif
