/* SPDX-License-Identifier: Apache-2.0 */
/* Publishes events of objects as a bucket's notification configs say. */
#ifndef GCP_LOCAL_STORAGE_NOTIFY_H
#define GCP_LOCAL_STORAGE_NOTIFY_H

#include "gcp-local/storage/storage_private.h"

/* type is OBJECT_FINALIZE, OBJECT_DELETE, OBJECT_ARCHIVE or OBJECT_METADATA_UPDATE. */
struct notify_event {
    const char *type;
    const struct storage_object *object;
    int64_t overwrote;      /* FINALIZE: the generation that it replaced; 0 = none */
    int64_t overwritten_by; /* DELETE, ARCHIVE: the generation that replaced it; 0 = none */
};

/* Publishes the event for each config that selects it. Failures are only logged. */
void notify(struct storage *storage, const struct notify_event *event, const char *base);

/* The attributes of the message for a config, as Google sets them. New reference. */
json_t *notify_attributes(const struct notify_event *event, int64_t id, const json_t *config,
                          int64_t now_ns);

/* True if the config selects the event. */
bool notify_selects(const struct notify_event *event, const json_t *config);

#endif
