/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the data plane's events as Kubernetes Events: one for each object and reason, counted. */
#include "base/hash.h"
#include "base/json/json_at.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/controllers/controllers_private.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_EVENTS = 500 };

struct recorded_event {
    char *path; /* NAMESPACE/NAME */
    UT_hash_handle hh;
};

/* Returns the path of the oldest Event and removes it from the table; the caller frees. */
static char *take_oldest(struct controllers *controllers)
{
    struct recorded_event *oldest = controllers->recorded;
    char *path = oldest->path;
    HASH_DEL(controllers->recorded, oldest);
    free(oldest);
    return path;
}

/* Moves an Event to the end of the table. A new one replaces the oldest when there are too many. */
static void mark_latest(struct controllers *controllers, const struct object_key *key)
{
    OWN(free) char *path = str_format("%s/%s", key->ns, key->name);
    struct recorded_event *recorded = NULL;
    HASH_FIND_STR(controllers->recorded, path, recorded);
    if (recorded) {
        HASH_DEL(controllers->recorded, recorded);
    } else {
        if (HASH_COUNT(controllers->recorded) >= MAX_EVENTS) {
            OWN(free) char *oldest = take_oldest(controllers);
            char *slash = strchr(oldest, '/');
            *slash = '\0';
            struct err err = {0}; /* it may have been deleted */
            json_decref(object_store_delete(
                controllers->objects, &(struct object_key){&kind_event, oldest, slash + 1}, &err));
        }
        recorded = alloc_zeroed(sizeof(*recorded));
        recorded->path = move_ptr(&path);
    }
    HASH_ADD_KEYPTR(hh, controllers->recorded, recorded->path, strlen(recorded->path), recorded);
}

static json_t *new_event(const json_t *object, const char *name, const struct resource_event *event,
                         const char *now)
{
    json_t *metadata = json_pack("{s:s, s:s}", "name", name, "namespace", object_ns(object));
    json_t *involved =
        json_pack("{s:O, s:O, s:s, s:s, s:s}", "apiVersion", json_object_get(object, "apiVersion"),
                  "kind", json_object_get(object, "kind"), "name", object_name(object), "namespace",
                  object_ns(object), "uid", object_uid(object));
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:{s:s}, s:s}", "apiVersion",
                     "v1", "kind", "Event", "metadata", metadata, "involvedObject", involved,
                     "type", event->warning ? "Warning" : "Normal", "reason", event->reason,
                     "message", event->message, "firstTimestamp", now, "lastTimestamp", now,
                     "source", "component", "kn-local", "reportingComponent", "kn-local");
}

void event_recorder_write(struct controllers *controllers, const struct event_report *report)
{
    const struct resource_event *event = &report->event;
    const struct kind *kind = NULL;
    json_auto_t *object = controllers_find_object(controllers, &event->about, &kind);
    if (!object)
        return;
    uint64_t hash = hash_text(hash_text(HASH_EMPTY, object_uid(object)), event->reason);
    OWN(free) char *name = str_format("%s.%016" PRIx64, object_name(object), hash);
    struct object_key key = {&kind_event, event->about.ns, name};
    char now[TIMESTAMP_SIZE];
    timestamp_format(timestamp_now_ns() / NS_PER_SEC * NS_PER_SEC, now);
    struct err err = {0};
    json_auto_t *written = object_store_get(controllers->objects, &key);
    bool exists = written != NULL;
    if (!exists)
        written = new_event(object, name, event, now);
    if (!written)
        return; /* the message is not valid UTF-8 */
    json_object_set_new(written, "count",
                        json_integer(json_int_at(written, "count", 0) + report->count));
    json_object_set_new(written, "message", json_string(event->message));
    json_object_set_new(written, "lastTimestamp", json_string(now));
    mark_latest(controllers, &key);
    json_decref(
        exists ? object_store_update_new(controllers->objects, &key, move_ptr(&written), &err)
               : object_store_create_new(controllers->objects, &key, move_ptr(&written), &err));
}

void event_recorder_close(struct controllers *controllers)
{
    while (controllers->recorded)
        free(take_oldest(controllers));
}
