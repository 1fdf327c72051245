/* SPDX-License-Identifier: Apache-2.0 */
/* The filter language of subscriptions, over a message's attributes:
 *
 *     attributes:NAME
 *     attributes.NAME = "value"
 *     attributes.NAME != "value"
 *     hasPrefix(attributes.NAME, "value")
 *     AND OR NOT - ( )
 *
 * Names with characters other than letters, digits, '_' and '-' are quoted. AND and OR do not mix
 * without parentheses. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_FILTER_H
#define GCP_LOCAL_PUBSUB_ENGINE_FILTER_H

#include "base/err.h"
#include "gcp-local/pubsub/engine/stored_message.h"

#include <stdbool.h>

enum { MAX_FILTER_BYTES = 256 };

struct filter;

/* NULL and err (ERR_INPUT, with the position) when the text is not a valid filter. */
struct filter *filter_parse(const char *text, struct err *err);
void filter_free(struct filter *filter);

bool filter_matches(const struct filter *filter, const struct stored_message *message);

#endif
