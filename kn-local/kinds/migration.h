/* SPDX-License-Identifier: Apache-2.0 */
/* How objects of older versions become today's. One table of steps serves the Kubernetes API, which
 * edits trees, and `kn-local convert`, which edits YAML text. */
#ifndef KN_LOCAL_KINDS_MIGRATION_H
#define KN_LOCAL_KINDS_MIGRATION_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

enum migration_op {
    MIGRATION_END,

    /* What every editor can do. */
    MIGRATION_REMOVE, /* the member at path */
    MIGRATION_SET,    /* path: string becomes path: value */
    MIGRATION_INSERT, /* adds key: value before the member at path */
    MIGRATION_RENAME, /* path: x becomes key: x */
    MIGRATION_LIFT,   /* path: {value: x} becomes key: x; value is a path within it */
    MIGRATION_LIST,   /* path: x becomes key: [x] */
    MIGRATION_WRAP,   /* path: x becomes path: {key: x} */

    /* What is composed of these. */
    MIGRATION_URL,         /* a host name becomes an http URL */
    MIGRATION_PROVISIONER, /* spec.provisioner becomes spec.channelTemplate */
    MIGRATION_REFERENCES,  /* references to objects of old versions, anywhere below path */

    /* What only text needs: the kinds of today in the API have no older version of these. */
    MIGRATION_CONTAINER_POD, /* spec.image and others move into spec.template */
    MIGRATION_GCP_POD,       /* a GcpPubSubSource becomes a ContainerSource */
};

struct migration_step {
    enum migration_op op;
    const char *path; /* "spec.reply.channel"; the step is left out when nothing is there */
    const char *key, *value;
    const char *when; /* a path at which something must be, too; NULL = none */
};

/* What objects of a group and kind, in any version before v1, are today. */
struct migration {
    const char *group, *kind;
    const char *api_version; /* today's */
    const char *new_kind;    /* NULL = the same */
    const struct migration_step *steps;
    const char *note; /* what is left to do for the user; NULL = nothing */
};

/* NULL when the apiVersion is not an old one, or the kind has no successor. */
const struct migration *migration_find(const char *api_version, const char *kind);

/* Whether an apiVersion is of a group, in a version before v1. */
bool migration_is_old(const char *api_version, const char *group);

/* What is edited; the first member of an editor. */
struct migration_editor {
    /* The object as it is now. Borrowed until the next edit. */
    const json_t *(*object)(struct migration_editor *editor);
    /* Does a step that is not composed. False and err, which begins with the path. */
    bool (*apply)(struct migration_editor *editor, const struct migration_step *step,
                  struct err *err);
};

bool migration_run(const struct migration_step *steps, struct migration_editor *editor,
                   struct err *err);

/* Does a step that is not composed on a tree. False when its path is not a member of an object. */
bool migration_edit_tree(json_t *object, const struct migration_step *step);

/* A new tree with all steps done; a step that fails, and those after it, are left out. */
json_t *migration_convert(const json_t *object, const struct migration_step *steps);

extern const struct migration_step migration_channel[], migration_subscription[],
    migration_service[];

#endif
