/* SPDX-License-Identifier: Apache-2.0 */
/* A CloudEvent as a value. */
#ifndef CLOUDEVENTS_EVENT_H
#define CLOUDEVENTS_EVENT_H

#include "base/buf.h"
#include "base/err.h"
#include "net/headers.h"

#include <jansson.h>
#include <stdbool.h>

/* A CloudEvent of version 1.0, 0.3, 0.2 or 0.1 (older names are read into these fields), or, with
 * spec_version NULL, the body of a request that is not a CloudEvent (Pub/Sub push, curl): then only
 * content_type, data and request are set. All zero is empty; the event owns its strings. */
struct ce_event {
    char *spec_version;       /* "1.0", "0.3", "0.2", "0.1" as received; NULL: not a CloudEvent */
    char *id, *source, *type; /* required, never empty in an event that was received */
    char *subject, *time;     /* NULL when absent; time is a valid RFC 3339 timestamp */
    char *schema;             /* dataschema, in older versions schemaurl; NULL when absent */
    char *content_type;       /* of data, e.g. "application/json"; NULL when absent */
    json_t *extensions;       /* name → string, integer or boolean (0.2: any); NULL when none */
    char *data;               /* len bytes, and a NUL after them; NULL when there is no data */
    size_t len;
    const struct headers *request; /* borrowed: the fields of the request it came in, or NULL */
};

void ce_event_done(struct ce_event *event);

static inline void own_ce_event(struct ce_event *local)
{
    ce_event_done(local);
}

struct bytes ce_data(const struct ce_event *event);

/* A copy that shares nothing; request is NULL in it. */
void ce_event_copy(const struct ce_event *event, struct ce_event *copy);

/* Replaces the data by a copy. content_type NULL leaves the data's type as it is. */
void ce_set_data(struct ce_event *event, const char *content_type, struct bytes data);

/* Sets or replaces an extension; NULL removes it. */
void ce_set_extension(struct ce_event *event, const char *name, const char *value);
void ce_set_extension_int(struct ce_event *event, const char *name, int value);

/* The string of an extension; NULL when it is absent or not a string. Borrowed. */
const char *ce_extension(const struct ce_event *event, const char *name);

/* Fills in a new 1.0 event: a random id (UUID), the current time, and copies of the rest. */
void ce_event_new(struct ce_event *event, const char *source, const char *type,
                  const char *content_type, struct bytes data);

/* Checks the attributes of the specification (1.0 section 3.1): id, source and type present, none
 * empty or with control characters, source a URI reference, dataschema an absolute URI, time RFC
 * 3339. */
bool ce_event_valid(const struct ce_event *event, struct err *err);

#endif
