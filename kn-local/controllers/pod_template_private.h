/* SPDX-License-Identifier: Apache-2.0 */
/* What the pod_template files share. Private to them. */
#ifndef KN_LOCAL_CONTROLLERS_POD_TEMPLATE_PRIVATE_H
#define KN_LOCAL_CONTROLLERS_POD_TEMPLATE_PRIVATE_H

#include "kn-local/controllers/pod_template.h"

/* Takes ownership of a string, and returns it; it lives as long as the container. */
const char *pod_template_keep(struct pod_template *container, char *string);

/* Adds a variable, or replaces its value; both strings must live as long as the container. */
void pod_template_add_borrowed(struct pod_template *container, const char *name, const char *value);

/* The string of a member, or NULL. */
const char *pod_template_str(const json_t *object, const char *key);

/* A Secret or ConfigMap, or NULL and err. A new reference. */
json_t *pod_template_find_object(struct object_store *objects, const struct kind *kind,
                                 const char *ns, const char *name, struct err *err);

/* The bytes of a key, owned by the container; false when the object has no such key. */
bool pod_template_read_key(struct pod_template *container, const struct kind *kind,
                           const json_t *object, const char *key, struct bytes *value);

/* Whether what a reference names need not exist. */
bool pod_template_is_optional(const json_t *source);

/* env and envFrom of a container. */
bool pod_template_env_read(struct object_store *objects, const json_t *spec, const char *ns,
                           struct pod_template *container, struct err *err);

/* volumeMounts of a container, of the volumes of its pod. */
bool pod_template_files_read(struct object_store *objects, const json_t *pod_spec,
                             const json_t *spec, const char *ns, struct pod_template *container,
                             struct err *err);

#endif
