/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of the engine, for the store to write in the same order. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_ENGINE_JOURNAL_H
#define GCP_LOCAL_PUBSUB_ENGINE_ENGINE_JOURNAL_H

#include "gcp-local/pubsub/engine/stored_message.h"

#include <jansson.h>

enum journal_entry_kind {
    JOURNAL_PUT_RESOURCE,    /* owner, name and config: created or updated */
    JOURNAL_DELETE_RESOURCE, /* owner, and the messages that it keeps */
    JOURNAL_PUT_MESSAGE,     /* message, before its first owner */
    JOURNAL_DELETE_MESSAGE,  /* id: no owner keeps it */
    JOURNAL_RETAIN,          /* owner keeps message id, acked or not */
    JOURNAL_UNRETAIN,        /* owner no longer keeps message id */
};

struct journal_entry {
    enum journal_entry_kind kind : 8;
    bool acked;
    int64_t owner; /* a topic, subscription, snapshot or policy */
    int64_t id;    /* of a message */
    union {
        struct stored_message *message; /* a reference of its own */
        struct {
            char *name, *config; /* owned */
        };
    };
};

/* All zero is empty. */
struct engine_journal {
    struct journal_entry *list;
    size_t count, size;
};

void engine_journal_add(struct engine_journal *journal, struct journal_entry entry);

/* Moves the entries of from to the end of to. */
void engine_journal_move(struct engine_journal *to, struct engine_journal *from);

/* Moves the entries of from to the front of to. */
void engine_journal_prepend(struct engine_journal *to, struct engine_journal *from);

void engine_journal_done(struct engine_journal *journal);

#endif
