/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a container: keys of Secrets and ConfigMaps. */
#include "base/str.h"
#include "kn-local/controllers/pod_template_private.h"
#include "kn-local/kinds/kinds.h"

static void add_file(struct pod_template *container, char *path, struct bytes content)
{
    size_t count = container->spec.file_count;
    container->files = alloc_resize(container->files, (count + 1) * sizeof(*container->files));
    container->files[count] = (struct serving_file){pod_template_keep(container, path), content};
    container->spec.files = container->files;
    container->spec.file_count++;
}

static bool mount_key(const struct kind *kind, const json_t *object, const char *key,
                      const char *folder, const char *as, struct pod_template *container,
                      struct err *err)
{
    struct bytes content = {0};
    if (!pod_template_read_key(container, kind, object, key, &content))
        return err_set(err, ERR_NOT_FOUND, "couldn't find key %s in %s %s", key, kind->name,
                       object_name(object));
    add_file(container, str_format("%s/%s", folder, as), content);
    return true;
}

static bool mount_keys(const struct kind *kind, const json_t *object, const json_t *items,
                       const char *folder, struct pod_template *container, struct err *err)
{
    static const char *const maps[] = {"data", "binaryData"};
    size_t index;
    json_t *item;
    json_array_foreach(items, index, item)
    {
        if (!mount_key(kind, object, pod_template_str(item, "key"), folder,
                       pod_template_str(item, "path"), container, err))
            return false;
    }
    for (size_t i = 0; !items && i < ARRAY_SIZE(maps); i++) {
        const char *key;
        json_object_foreach(json_object_get(object, maps[i]), key, item)
        {
            if (!mount_key(kind, object, key, folder, key, container, err))
                return false;
        }
    }
    return true;
}

static bool mount_volume(struct object_store *objects, const char *ns, const json_t *volume,
                         const char *folder, struct pod_template *container, struct err *err)
{
    const json_t *secret = json_object_get(volume, "secret");
    const json_t *config = json_object_get(volume, "configMap");
    const struct kind *kind = secret ? &kind_secret : &kind_config_map;
    const json_t *source = secret ? secret : config;
    if (!source)
        return true; /* an emptyDir and the like: the process has the machine's folders */
    struct err missing = {0};
    const char *name = pod_template_str(source, secret ? "secretName" : "name");
    json_auto_t *object = pod_template_find_object(objects, kind, ns, name, &missing);
    if (object)
        return mount_keys(kind, object, json_object_get(source, "items"), folder, container, err);
    if (pod_template_is_optional(source))
        return true;
    *err = missing;
    return false;
}

static const json_t *volume_named(const json_t *pod_spec, const char *name)
{
    size_t index;
    json_t *volume;
    json_array_foreach(json_object_get(pod_spec, "volumes"), index, volume)
    {
        if (str_equal(pod_template_str(volume, "name"), name))
            return volume;
    }
    return NULL;
}

bool pod_template_files_read(struct object_store *objects, const json_t *pod_spec,
                             const json_t *from, const char *ns, struct pod_template *container,
                             struct err *err)
{
    size_t index;
    json_t *mount;
    json_array_foreach(json_object_get(from, "volumeMounts"), index, mount)
    {
        const char *name = pod_template_str(mount, "name");
        const json_t *volume = volume_named(pod_spec, name);
        if (!volume)
            return err_set(err, ERR_NOT_FOUND, "volume \"%s\" not found", name);
        if (!mount_volume(objects, ns, volume, pod_template_str(mount, "mountPath"), container,
                          err))
            return false;
    }
    return true;
}

bool pod_template_files_mount_secret(struct object_store *objects, const char *ns,
                                     const char *secret, const char *key, const char *path,
                                     struct pod_template *container, struct err *err)
{
    json_auto_t *object = pod_template_find_object(objects, &kind_secret, ns, secret, err);
    struct bytes content = {0};
    if (!object)
        return false;
    if (!pod_template_read_key(container, &kind_secret, object, key, &content))
        return err_set(err, ERR_NOT_FOUND, "couldn't find key %s in Secret %s/%s", key, ns, secret);
    add_file(container, str_copy(path), content);
    return true;
}
