/* SPDX-License-Identifier: Apache-2.0 */
/* Manifest files become objects. */
#ifndef KN_LOCAL_MANIFESTS_MANIFESTS_H
#define KN_LOCAL_MANIFESTS_MANIFESTS_H

#include "base/buf.h"
#include "kn-local/store/object_store.h"

/* Called for each object ("channel.messaging.knative.dev/a created") and of each error
 * ("manifests/channel.yaml:4: spec.sbscriber is not known; did you mean subscriber?"). */
struct manifest_listener {
    void (*done)(const char *line, void *context);
    void (*failed)(const char *line, void *context);
    void *context;
};

/* Applies a file ("-" is standard input), or the .yaml, .yml and .json files of a folder by name,
 * without its kustomization and its subfolders. An error in one object does not stop the others;
 * returns how many errors there were. */
size_t manifests_apply(struct object_store *objects, const char *path,
                       const struct manifest_listener *listener);

/* The same for a string that is called name in messages. */
size_t manifests_apply_text(struct object_store *objects, const char *name, struct bytes text,
                            const struct manifest_listener *listener);

/* The same for what kubectl rendered; errors name the folder and the object. */
size_t manifests_apply_rendered(struct object_store *objects, const char *folder, struct bytes text,
                                const struct manifest_listener *listener);

#endif
