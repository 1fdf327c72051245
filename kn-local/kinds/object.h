/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what all Kubernetes objects have. Strings are borrowed, and "" when absent. */
#ifndef KN_LOCAL_KINDS_OBJECT_H
#define KN_LOCAL_KINDS_OBJECT_H

#include "kn-local/kinds/kinds.h"

#include <jansson.h>
#include <stdint.h>

struct object_key {
    const struct kind *kind; /* in any version */
    const char *ns;          /* "" for a cluster-wide kind */
    const char *name;
};

const char *object_name(const json_t *object);
const char *object_ns(const json_t *object);
const char *object_uid(const json_t *object);
const char *object_meta(const json_t *object, const char *key);
const char *object_annotation(const json_t *object, const char *key);
const char *object_label(const json_t *object, const char *key);
int64_t object_generation(const json_t *object);

/* The status condition of a type, such as "Ready", or NULL. */
const json_t *object_condition(const json_t *object, const char *type);

struct object_key object_key_of(const struct kind *kind, const json_t *object);

#endif
