/* SPDX-License-Identifier: Apache-2.0 */
/* A folder with a kustomization becomes the objects that it stands for. This is the part of
 * kustomize that describes one set of objects for several places: resources, components, patches,
 * namespace, labels and images. What it leaves out is refused, never read over. */
#ifndef KN_LOCAL_MANIFESTS_KUSTOMIZE_H
#define KN_LOCAL_MANIFESTS_KUSTOMIZE_H

#include "base/buf.h"
#include "base/yaml/yaml.h"

#include <stdbool.h>
#include <stddef.h>

/* An object, and where the manifest that it comes from says it. */
struct kustomize_object {
    json_t *tree; /* owned */
    const char *file;
    const struct yaml_doc *doc;
};

/* All zero is empty. */
struct kustomize {
    struct kustomize_object *objects; /* owned, in the order in which they are named */
    size_t count;
    struct kustomize_file **files; /* what was read */
    size_t file_count;
};

/* Whether a folder has a kustomization.yaml, kustomization.yml or Kustomization. */
bool kustomize_is(const char *folder);

/* False and err ("FILE:LINE: …", ERR_INPUT) when anything is wrong, also in a folder below. */
bool kustomize_read(const char *folder, struct kustomize *out, struct err *err);

void kustomize_done(struct kustomize *kustomize);

static inline void own_kustomize(struct kustomize *local)
{
    kustomize_done(local);
}

#endif
