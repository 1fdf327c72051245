/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what all Kubernetes objects have: their metadata. Texts are borrowed, "" when absent. */
#ifndef KN_LOCAL_KINDS_OBJECT_H
#define KN_LOCAL_KINDS_OBJECT_H

#include "kn-local/kinds/kinds.h"

#include <jansson.h>
#include <stdint.h>

struct object_key {
    const struct kind *kind; /* any of the family */
    const char *ns;          /* "" for a kind in no namespace */
    const char *name;
};

const char *object_name(const json_t *object);
const char *object_ns(const json_t *object);
const char *object_uid(const json_t *object);
const char *object_meta(const json_t *object, const char *key);
const char *object_annotation(const json_t *object, const char *key);
int64_t object_generation(const json_t *object);
struct object_key object_key_of(const struct kind *kind, const json_t *object);

#endif
