/* A container in a manifest becomes one of the data plane: its Secrets and ConfigMaps are read. */
#ifndef KN_LOCAL_CONTROLLERS_POD_TEMPLATE_H
#define KN_LOCAL_CONTROLLERS_POD_TEMPLATE_H

#include "kn-local/dataplane/runtime.h"
#include "kn-local/store/object_store.h"

/* All zero is empty. `face` points into the rest, and into the pod's tree, which must outlive it.
 */
struct container {
    struct runtime_container face;
    const char **command, **args;
    struct runtime_variable *variables;
    struct runtime_file *files;
    char **texts; /* owned: values and paths */
    size_t text_count;
};

/* Reads spec.containers[0] and spec.volumes of a pod's spec. False and err (ERR_NOT_FOUND) when a
 * Secret, ConfigMap or key that must be there is not. */
bool container_read(struct objects *objects, const json_t *pod_spec, const char *ns,
                    struct container *container, struct err *err);

/* Adds a variable; the texts are copied. */
void container_set(struct container *container, const char *name, const char *value);

/* Adds a key of a Secret as a file. False and err when it is not there. */
bool container_mount_secret(struct objects *objects, const char *ns, const char *secret,
                            const char *key, const char *path, struct container *container,
                            struct err *err);

void container_done(struct container *container);

static inline void own_container(struct container *local)
{
    container_done(local);
}

#endif
