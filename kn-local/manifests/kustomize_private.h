/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read kustomizations share; included by nobody else. */
#ifndef KN_LOCAL_MANIFESTS_KUSTOMIZE_PRIVATE_H
#define KN_LOCAL_MANIFESTS_KUSTOMIZE_PRIVATE_H

#include "kn-local/manifests/kustomize.h"

struct kustomize_file {
    char *path; /* as messages name it */
    struct yaml_docs docs;
};

/* A kustomization while it is read. What it says goes for the objects from `first` on: those that
 * it names itself, and for a component all of the kustomization's that uses it. */
struct kustomization {
    struct kustomize *out;
    const struct kustomization *user; /* that named this one; NULL at the top */
    char *folder;
    const struct kustomize_file *file;
    const struct yaml_doc *doc;
    size_t first;
    struct err *err;
};

/* Writes "FILE:LINE: PLACE " and what is wrong; place is a path such as "patches[0].path", or "".
 * Returns false. */
bool kustomize_fail(const struct kustomization *at, const char *place, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A file in the kustomization's folder or below, read whole. NULL and err. */
const struct kustomize_file *kustomize_open(const struct kustomization *at, const char *place,
                                            const char *name);

/* patches: what is to be changed in single objects, or to go. */
bool kustomize_patch(struct kustomization *at);

/* namespace, labels and images: what is the same for all objects. */
bool kustomize_namespace(struct kustomization *at);
bool kustomize_label(struct kustomization *at);
bool kustomize_image(struct kustomization *at);

/* Whether the object is of the group, version and kind that a selector asks for, as far as it
 * does. */
bool kustomize_is_of(const json_t *object, const json_t *selector);

#endif
