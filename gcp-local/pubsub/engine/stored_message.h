/* SPDX-License-Identifier: Apache-2.0 */
/* A published message: one allocation, never changed afterwards, shared by all that deliver it. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_STORED_MESSAGE_H
#define GCP_LOCAL_PUBSUB_ENGINE_STORED_MESSAGE_H

#include "base/buf.h"

#include <stdatomic.h>
#include <stdint.h>

struct stored_message {
    int64_t id;           /* what clients see as decimal text; grows with each message */
    int64_t published_ns; /* whole milliseconds, as clients see it */
    atomic_uint users;    /* see stored_message_ref */
    uint32_t holders;     /* resources that keep it; counted by the engine */
    uint32_t attribute_count, attributes_len, key_len, data_len;
    char content[]; /* ordering key NUL, then name NUL value NUL for each attribute, then data */
};

/* attributes is `name NUL value NUL` as often as count says. Id and time are zero. */
struct stored_message *stored_message_new(struct bytes ordering_key, struct bytes attributes,
                                          uint32_t count, struct bytes data);

/* Messages are reference-counted. From any thread. */
struct stored_message *stored_message_ref(struct stored_message *message);
void stored_message_unref(struct stored_message *message);

/* "" when there is none. */
const char *stored_message_ordering_key(const struct stored_message *message);

struct bytes stored_message_attributes(const struct stored_message *message);
struct bytes stored_message_data(const struct stored_message *message);

/* The value of the first attribute of that name, or NULL. */
const char *stored_message_attribute(const struct stored_message *message, const char *name);

/* Walks packed attributes. *position is NULL before the first call; false at the end. */
bool stored_message_next_attribute(struct bytes packed, const char **position, const char **name,
                                   const char **value);

/* Appends an attribute to a packed list. */
void stored_message_pack_attribute(struct buf *packed, const char *name, const char *value);

#endif
