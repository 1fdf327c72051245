/* What the files that read containers share; included by nobody else. */
#ifndef KN_LOCAL_CONTROLLERS_POD_TEMPLATE_PRIVATE_H
#define KN_LOCAL_CONTROLLERS_POD_TEMPLATE_PRIVATE_H

#include "kn-local/controllers/pod_template.h"

/* Keeps a text as long as the container; takes it over. */
const char *container_keep(struct container *container, char *text);

/* Sets a variable to texts that live as long as the container. */
void container_add(struct container *container, const char *name, const char *value);

/* The text of a member, or NULL. */
const char *container_text(const json_t *object, const char *key);

/* A Secret or ConfigMap, or NULL and err. A new reference. */
json_t *container_find(struct objects *objects, const struct kind *kind, const char *ns,
                       const char *name, struct err *err);

/* The bytes of a key, kept by the container; false when it has no such key. */
bool container_value(struct container *container, const struct kind *kind, const json_t *object,
                     const char *key, struct bytes *value);

/* Whether a reference may lead nowhere. */
bool container_optional(const json_t *source);

/* env and envFrom of a container. */
bool container_read_variables(struct objects *objects, const json_t *from, const char *ns,
                              struct container *container, struct err *err);

/* volumeMounts of a container, of the volumes of its pod. */
bool container_read_mounts(struct objects *objects, const json_t *pod_spec, const json_t *from,
                           const char *ns, struct container *container, struct err *err);

#endif
