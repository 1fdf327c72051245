/* SPDX-License-Identifier: Apache-2.0 */
/* Names of topics and subscriptions. */
#ifndef GCP_PUBSUB_RESOURCE_NAME_H
#define GCP_PUBSUB_RESOURCE_NAME_H

#include "gcp/client/client.h"

/* "projects/P/topics/T" of such a name or of "T" alone. kind is "topics" or "subscriptions". The
 * caller frees. NULL and ERR_INPUT when it breaks Google's naming rules. */
char *resource_name(const struct gcp *gcp, const char *kind, const char *name, struct err *err);

/* The target of a call on a full name: "/v1/projects/P/topics/T:publish"; verb NULL = none. The
 * caller frees. */
char *resource_name_target(const char *full_name, const char *verb);

#endif
