/* What the engine changed, for the store to write down in the same order. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_JOURNAL_ENTRY_H
#define GCP_LOCAL_PUBSUB_ENGINE_JOURNAL_ENTRY_H

#include "gcp-local/pubsub/engine/stored_message.h"

#include <jansson.h>

enum change_kind {
    CHANGE_PUT_RESOURCE,  /* owner, name and config: created or updated */
    CHANGE_DROP_RESOURCE, /* owner, and all that it holds */
    CHANGE_PUT_MESSAGE,   /* message, before its first hold */
    CHANGE_DROP_MESSAGE,  /* id: nobody holds it any more */
    CHANGE_HOLD,          /* owner keeps the message id; acked or not */
    CHANGE_RELEASE,       /* owner no longer keeps the message id */
};

struct change {
    enum change_kind kind : 8;
    bool acked;
    int64_t owner; /* a topic, subscription, snapshot or policy */
    int64_t id;    /* of a message */
    union {
        struct message *message; /* counted */
        struct {
            char *name, *config; /* owned */
        };
    };
};

/* All zero is empty. */
struct changes {
    struct change *list;
    size_t count, size;
};

void changes_add(struct changes *changes, struct change change);

/* Moves all of from behind those of to. */
void changes_move(struct changes *to, struct changes *from);
void changes_done(struct changes *changes);

#endif
