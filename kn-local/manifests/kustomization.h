/* SPDX-License-Identifier: Apache-2.0 */
/* Kustomizations, rendered by kubectl. */
#ifndef KN_LOCAL_MANIFESTS_KUSTOMIZATION_H
#define KN_LOCAL_MANIFESTS_KUSTOMIZATION_H

#include "base/buf.h"
#include "base/err.h"

/* Whether a file of this name (without a folder) describes a kustomization. */
bool kustomization_is_name(const char *name);

/* Appends what `kubectl kustomize FOLDER` prints. False and err, which names the folder and says
 * has the message of kubectl, or the version that is needed when it is missing or too old. */
bool kustomization_render(const char *folder, struct buf *out, struct err *err);

#endif
