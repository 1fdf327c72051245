/* SPDX-License-Identifier: Apache-2.0 */
/* The variables of a container: written, or from Secrets, ConfigMaps and the pod itself. */
#include "base/str.h"
#include "kn-local/controllers/pod_template_private.h"
#include "kn-local/kinds/kinds.h"

static bool read_key_ref(struct object_store *objects, const struct kind *kind, const char *ns,
                         const json_t *variable, const json_t *source,
                         struct pod_template *container, struct err *err)
{
    struct err missing = {0};
    json_auto_t *object =
        pod_template_find_object(objects, kind, ns, pod_template_str(source, "name"), &missing);
    struct bytes value = {0};
    const char *key = pod_template_str(source, "key");
    if (object && pod_template_read_key(container, kind, object, key, &value)) {
        pod_template_add_borrowed(container, pod_template_str(variable, "name"), value.data);
        return true;
    }
    if (pod_template_is_optional(source))
        return true;
    if (object)
        return err_set(err, ERR_NOT_FOUND, "couldn't find key %s in %s %s/%s", key, kind->name, ns,
                       object_name(object));
    *err = missing;
    return false;
}

/* What a pod can say of itself. */
static const char *field_value(const json_t *source, const char *ns)
{
    const char *path = pod_template_str(source, "fieldPath");
    if (str_equal(path, "metadata.namespace"))
        return ns;
    if (str_equal(path, "status.podIP") || str_equal(path, "status.hostIP"))
        return "127.0.0.1";
    return "";
}

static bool read_variable(struct object_store *objects, const char *ns, const json_t *variable,
                          struct pod_template *container, struct err *err)
{
    const json_t *from = json_object_get(variable, "valueFrom");
    const json_t *secret = json_object_get(from, "secretKeyRef");
    const json_t *config = json_object_get(from, "configMapKeyRef");
    const json_t *field = json_object_get(from, "fieldRef");
    if (secret)
        return read_key_ref(objects, &kind_secret, ns, variable, secret, container, err);
    if (config)
        return read_key_ref(objects, &kind_config_map, ns, variable, config, container, err);
    const char *value = field ? field_value(field, ns) : pod_template_str(variable, "value");
    pod_template_add_borrowed(container, pod_template_str(variable, "name"), value ? value : "");
    return true;
}

/* All keys of one object as variables. */
static bool read_all_keys(struct object_store *objects, const struct kind *kind, const char *ns,
                          const json_t *source, const char *prefix, struct pod_template *container,
                          struct err *err)
{
    struct err missing = {0};
    json_auto_t *object =
        pod_template_find_object(objects, kind, ns, pod_template_str(source, "name"), &missing);
    if (!object) {
        if (pod_template_is_optional(source))
            return true;
        *err = missing;
        return false;
    }
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(object, "data"), key, value)
    {
        struct bytes bytes = {0};
        if (!pod_template_read_key(container, kind, object, key, &bytes))
            continue;
        OWN(free) char *name = str_format("%s%s", prefix ? prefix : "", key);
        pod_template_add_borrowed(container, pod_template_keep(container, str_copy(name)),
                                  bytes.data);
    }
    return true;
}

bool pod_template_env_read(struct object_store *objects, const json_t *from, const char *ns,
                           struct pod_template *container, struct err *err)
{
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(from, "envFrom"), index, item)
    {
        const json_t *secret = json_object_get(item, "secretRef");
        const json_t *config = json_object_get(item, "configMapRef");
        const char *prefix = pod_template_str(item, "prefix");
        if (secret && !read_all_keys(objects, &kind_secret, ns, secret, prefix, container, err))
            return false;
        if (config && !read_all_keys(objects, &kind_config_map, ns, config, prefix, container, err))
            return false;
    }
    json_array_foreach(json_object_get(from, "env"), index, item)
    {
        if (!read_variable(objects, ns, item, container, err))
            return false;
    }
    return true;
}
