/* SPDX-License-Identifier: Apache-2.0 */
/* Converts the container of a pod's spec to one of the data plane, and reads its Secrets and
 * ConfigMaps. */
#ifndef KN_LOCAL_CONTROLLERS_POD_TEMPLATE_H
#define KN_LOCAL_CONTROLLERS_POD_TEMPLATE_H

#include "kn-local/dataplane/runtime.h"
#include "kn-local/store/object_store.h"

/* All zero is empty. spec borrows from the other members and from the tree of the pod's spec, which
 * must outlive it. */
struct pod_template {
    struct serving_container spec;
    const char **command, **args;
    struct serving_variable *variables;
    struct serving_file *files;
    char **strings; /* owned: values and paths */
    size_t string_count;
};

/* Reads spec.containers[0] and spec.volumes of a pod's spec. False and err (ERR_NOT_FOUND) when a
 * Secret, ConfigMap or key that is not optional does not exist. */
bool pod_template_read(struct object_store *objects, const json_t *pod_spec, const char *ns,
                       struct pod_template *container, struct err *err);

/* Adds a variable; name and value are copied. */
void pod_template_add_variable(struct pod_template *container, const char *name, const char *value);

/* Adds a key of a Secret as a file. False and err when it does not exist. */
bool pod_template_files_mount_secret(struct object_store *objects, const char *ns,
                                     const char *secret, const char *key, const char *path,
                                     struct pod_template *container, struct err *err);

void pod_template_done(struct pod_template *container);

static inline void own_pod_template(struct pod_template *local)
{
    pod_template_done(local);
}

#endif
