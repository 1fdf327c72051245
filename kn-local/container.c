/* A container in a manifest becomes one of the data plane: its Secrets and ConfigMaps are read. */
#include "kn-local/container.h"

#include "base/base64.h"
#include "base/str.h"
#include "kn-local/schema.h"

#include <string.h>

/* ---- growing --------------------------------------------------------------------------------- */

/* Keeps a text as long as the container; takes it over. */
static const char *keep(struct container *container, char *text)
{
    container->texts = must_realloc(container->texts, (container->text_count + 1) * sizeof(char *));
    return container->texts[container->text_count++] = text;
}

static void add_variable(struct container *container, const char *name, const char *value)
{
    size_t count = container->face.variable_count;
    for (size_t i = 0; i < count; i++)
        if (str_equal(container->variables[i].name, name)) {
            container->variables[i].value = value; /* the last one counts */
            return;
        }
    container->variables =
        must_realloc(container->variables, (count + 1) * sizeof(*container->variables));
    container->variables[count] = (struct runtime_variable){name, value};
    container->face.variables = container->variables;
    container->face.variable_count++;
}

void container_set(struct container *container, const char *name, const char *value)
{
    add_variable(container, keep(container, str_copy(name)), keep(container, str_copy(value)));
}

static void add_file(struct container *container, char *path, struct bytes content)
{
    size_t count = container->face.file_count;
    container->files = must_realloc(container->files, (count + 1) * sizeof(*container->files));
    container->files[count] = (struct runtime_file){keep(container, path), content};
    container->face.files = container->files;
    container->face.file_count++;
}

void container_done(struct container *container)
{
    for (size_t i = 0; i < container->text_count; i++)
        free(container->texts[i]);
    free(container->texts);
    free(container->variables);
    free(container->files);
    free(container->command);
    free(container->args);
    *container = (struct container){0};
}

/* ---- Secrets and ConfigMaps ------------------------------------------------------------------ */

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* The object, or NULL; err says which is missing unless it is optional. */
static json_t *find(struct objects *objects, const struct kind *kind, const char *ns,
                    const char *name, struct err *err)
{
    struct object_key key = {kind, ns, name ? name : ""};
    json_t *object = objects_get(objects, &key);
    if (!object)
        err_set(err, ERR_NOT_FOUND, "%s \"%s\" not found", kind->singular, key.name);
    return object;
}

/* The bytes of a key, kept by the container; false when it has no such key. */
static bool value_of(struct container *container, const struct kind *kind, const json_t *object,
                     const char *key, struct bytes *value)
{
    const char *plain =
        kind == &kind_config_map ? text_of(json_object_get(object, "data"), key) : NULL;
    const char *encoded =
        text_of(json_object_get(object, kind == &kind_secret ? "data" : "binaryData"), key);
    OWN(buf) struct buf bytes = {0};
    if (plain)
        buf_add_text(&bytes, plain);
    else if (!encoded || !base64_decode(bytes_of(encoded), &bytes))
        return false;
    value->len = bytes.len;
    value->data = keep(container, buf_take(&bytes));
    return true;
}

static bool is_optional(const json_t *source)
{
    return json_is_true(json_object_get(source, "optional"));
}

/* ---- variables ------------------------------------------------------------------------------- */

static bool read_key_ref(struct objects *objects, const struct kind *kind, const char *ns,
                         const json_t *variable, const json_t *source, struct container *container,
                         struct err *err)
{
    struct err missing = {0};
    json_auto_t *object = find(objects, kind, ns, text_of(source, "name"), &missing);
    struct bytes value = {0};
    const char *key = text_of(source, "key");
    if (object && value_of(container, kind, object, key, &value)) {
        add_variable(container, text_of(variable, "name"), value.data);
        return true;
    }
    if (is_optional(source))
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
    const char *path = text_of(source, "fieldPath");
    if (str_equal(path, "metadata.namespace"))
        return ns;
    if (str_equal(path, "status.podIP") || str_equal(path, "status.hostIP"))
        return "127.0.0.1";
    return "";
}

static bool read_variable(struct objects *objects, const char *ns, const json_t *variable,
                          struct container *container, struct err *err)
{
    const json_t *from = json_object_get(variable, "valueFrom");
    const json_t *secret = json_object_get(from, "secretKeyRef");
    const json_t *config = json_object_get(from, "configMapKeyRef");
    const json_t *field = json_object_get(from, "fieldRef");
    if (secret)
        return read_key_ref(objects, &kind_secret, ns, variable, secret, container, err);
    if (config)
        return read_key_ref(objects, &kind_config_map, ns, variable, config, container, err);
    const char *value = field ? field_value(field, ns) : text_of(variable, "value");
    add_variable(container, text_of(variable, "name"), value ? value : "");
    return true;
}

/* All keys of one object as variables. */
static bool read_all_keys(struct objects *objects, const struct kind *kind, const char *ns,
                          const json_t *source, const char *prefix, struct container *container,
                          struct err *err)
{
    struct err missing = {0};
    json_auto_t *object = find(objects, kind, ns, text_of(source, "name"), &missing);
    if (!object) {
        if (is_optional(source))
            return true;
        *err = missing;
        return false;
    }
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(object, "data"), key, value)
    {
        struct bytes bytes = {0};
        if (!value_of(container, kind, object, key, &bytes))
            continue;
        OWN(free) char *name = str_format("%s%s", prefix ? prefix : "", key);
        add_variable(container, keep(container, str_copy(name)), bytes.data);
    }
    return true;
}

static bool read_variables(struct objects *objects, const json_t *from, const char *ns,
                           struct container *container, struct err *err)
{
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(from, "envFrom"), index, item)
    {
        const json_t *secret = json_object_get(item, "secretRef");
        const json_t *config = json_object_get(item, "configMapRef");
        const char *prefix = text_of(item, "prefix");
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

/* ---- files ----------------------------------------------------------------------------------- */

static bool mount_key(const struct kind *kind, const json_t *object, const char *key,
                      const char *folder, const char *as, struct container *container,
                      struct err *err)
{
    struct bytes content = {0};
    if (!value_of(container, kind, object, key, &content))
        return err_set(err, ERR_NOT_FOUND, "couldn't find key %s in %s %s", key, kind->name,
                       object_name(object));
    add_file(container, str_format("%s/%s", folder, as), content);
    return true;
}

static bool mount_keys(const struct kind *kind, const json_t *object, const json_t *items,
                       const char *folder, struct container *container, struct err *err)
{
    static const char *const maps[] = {"data", "binaryData"};
    size_t index;
    json_t *item;
    json_array_foreach(items, index, item)
    {
        if (!mount_key(kind, object, text_of(item, "key"), folder, text_of(item, "path"), container,
                       err))
            return false;
    }
    for (size_t i = 0; !items && i < COUNT(maps); i++) {
        const char *key;
        json_object_foreach(json_object_get(object, maps[i]), key, item)
        {
            if (!mount_key(kind, object, key, folder, key, container, err))
                return false;
        }
    }
    return true;
}

static bool mount_volume(struct objects *objects, const char *ns, const json_t *volume,
                         const char *folder, struct container *container, struct err *err)
{
    const json_t *secret = json_object_get(volume, "secret");
    const json_t *config = json_object_get(volume, "configMap");
    const struct kind *kind = secret ? &kind_secret : &kind_config_map;
    const json_t *source = secret ? secret : config;
    if (!source)
        return true; /* an emptyDir and the like: the process has the machine's folders */
    struct err missing = {0};
    const char *name = text_of(source, secret ? "secretName" : "name");
    json_auto_t *object = find(objects, kind, ns, name, &missing);
    if (object)
        return mount_keys(kind, object, json_object_get(source, "items"), folder, container, err);
    if (is_optional(source))
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
        if (str_equal(text_of(volume, "name"), name))
            return volume;
    }
    return NULL;
}

static bool read_mounts(struct objects *objects, const json_t *pod_spec, const json_t *from,
                        const char *ns, struct container *container, struct err *err)
{
    size_t index;
    json_t *mount;
    json_array_foreach(json_object_get(from, "volumeMounts"), index, mount)
    {
        const char *name = text_of(mount, "name");
        const json_t *volume = volume_named(pod_spec, name);
        if (!volume)
            return err_set(err, ERR_NOT_FOUND, "volume \"%s\" not found", name);
        if (!mount_volume(objects, ns, volume, text_of(mount, "mountPath"), container, err))
            return false;
    }
    return true;
}

bool container_mount_secret(struct objects *objects, const char *ns, const char *secret,
                            const char *key, const char *path, struct container *container,
                            struct err *err)
{
    json_auto_t *object = find(objects, &kind_secret, ns, secret, err);
    struct bytes content = {0};
    if (!object)
        return false;
    if (!value_of(container, &kind_secret, object, key, &content))
        return err_set(err, ERR_NOT_FOUND, "couldn't find key %s in Secret %s/%s", key, ns, secret);
    add_file(container, str_copy(path), content);
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* A list of texts as an array that ends with NULL; NULL when there is none. */
static const char **array_of(const json_t *list)
{
    if (json_array_size(list) == 0)
        return NULL;
    const char **array = must_alloc((json_array_size(list) + 1) * sizeof(char *));
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item)
    {
        array[index] = json_string_value(item);
    }
    return array;
}

bool container_read(struct objects *objects, const json_t *pod_spec, const char *ns,
                    struct container *container, struct err *err)
{
    *container = (struct container){0};
    const json_t *from = json_array_get(json_object_get(pod_spec, "containers"), 0);
    const char *name = text_of(from, "name");
    container->command = array_of(json_object_get(from, "command"));
    container->args = array_of(json_object_get(from, "args"));
    container->face = (struct runtime_container){
        .name = name ? name : "user-container",
        .image = text_of(from, "image"),
        .command = container->command,
        .args = container->args,
        .working_dir = text_of(from, "workingDir"),
    };
    return read_variables(objects, from, ns, container, err) &&
           read_mounts(objects, pod_spec, from, ns, container, err);
}
