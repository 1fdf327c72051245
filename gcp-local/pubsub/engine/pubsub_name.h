/* SPDX-License-Identifier: Apache-2.0 */
/* Names of topics, subscriptions and snapshots: "projects/PROJECT/topics/ID". */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_PUBSUB_NAME_H
#define GCP_LOCAL_PUBSUB_ENGINE_PUBSUB_NAME_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* The name of the topic in its subscriptions once it is deleted. */
#define DELETED_TOPIC "_deleted-topic_"

/* Checks a full name of a collection ("topics"): a project, and an id of 3 to 255 letters, digits
 * and -_.~+% that starts with a letter and not with "goog". False and err (ERR_INPUT). */
bool pubsub_name_check(const char *name, const char *collection, struct err *err);

/* The project of a checked name, as a view. */
const char *pubsub_name_project(const char *name, size_t *len);

/* The id, after the last '/'. */
const char *pubsub_name_id(const char *name);

#endif
