/* SPDX-License-Identifier: Apache-2.0 */
/* Manifest files become objects. */
#ifndef KN_LOCAL_MANIFESTS_MANIFESTS_H
#define KN_LOCAL_MANIFESTS_MANIFESTS_H

#include "base/buf.h"
#include "kn-local/store/object_store.h"

/* Told of each object ("channel.messaging.knative.dev/a created") and of each error
 * ("manifests/channel.yaml:4: spec.sbscriber is not known; did you mean subscriber?"). */
struct manifest_listener {
    void (*done)(const char *line, void *context);
    void (*failed)(const char *line, void *context);
    void *context;
};

/* Applies a file ("-" is standard input), the objects of a folder with a kustomization, or the
 * .yaml, .yml and .json files of another folder by name. What is wrong is told and the rest is
 * applied all the same, but nothing of a kustomization that is wrong; returns how many errors there
 * were. */
size_t manifests_apply(struct object_store *objects, const char *path,
                       const struct manifest_listener *listener);

/* The same for a text that is called name in messages. */
size_t manifests_apply_text(struct object_store *objects, const char *name, struct bytes text,
                            const struct manifest_listener *listener);

/* Appends the objects of a folder with a kustomization as YAML. False and err. */
bool manifests_render(const char *folder, struct buf *out, struct err *err);

#endif
