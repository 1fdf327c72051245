/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a bucket's notification configs what happened to an object. */
#ifndef GCP_LOCAL_STORAGE_NOTIFY_H
#define GCP_LOCAL_STORAGE_NOTIFY_H

#include "gcp-local/storage/storage_private.h"

/* What happened, in Google's words: OBJECT_FINALIZE, OBJECT_DELETE, OBJECT_ARCHIVE,
 * OBJECT_METADATA_UPDATE. */
struct notify_event {
    const char *type;
    const struct storage_object *object;
    int64_t overwrote;      /* FINALIZE: the generation that was the live one before; 0 = none */
    int64_t overwritten_by; /* DELETE, ARCHIVE: the generation that took its place; 0 = none */
};

/* Publishes the event for each config that wants it. A topic that is gone is only logged. */
void notify(struct storage *storage, const struct notify_event *event, const char *base);

/* The attributes of the message for a config with an id, as Google sets them. New reference. */
json_t *notify_attributes(const struct notify_event *event, int64_t id, const json_t *config,
                          int64_t now_ns);

/* Whether a config wants an event. */
bool notify_wanted(const struct notify_event *event, const json_t *config);

#endif
