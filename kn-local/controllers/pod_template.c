/* A container in a manifest becomes one of the data plane: its Secrets and ConfigMaps are read. */
#include "base/base64.h"
#include "base/str.h"
#include "kn-local/controllers/pod_template_private.h"
#include "kn-local/kinds/schema.h"

/* ---- growing --------------------------------------------------------------------------------- */

const char *container_keep(struct container *container, char *text)
{
    container->texts = must_realloc(container->texts, (container->text_count + 1) * sizeof(char *));
    return container->texts[container->text_count++] = text;
}

void container_add(struct container *container, const char *name, const char *value)
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
    container_add(container, container_keep(container, str_copy(name)),
                  container_keep(container, str_copy(value)));
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

const char *container_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

json_t *container_find(struct objects *objects, const struct kind *kind, const char *ns,
                       const char *name, struct err *err)
{
    struct object_key key = {kind, ns, name ? name : ""};
    json_t *object = objects_get(objects, &key);
    if (!object)
        err_set(err, ERR_NOT_FOUND, "%s \"%s\" not found", kind->singular, key.name);
    return object;
}

bool container_value(struct container *container, const struct kind *kind, const json_t *object,
                     const char *key, struct bytes *value)
{
    const char *plain =
        kind == &kind_config_map ? container_text(json_object_get(object, "data"), key) : NULL;
    const char *encoded =
        container_text(json_object_get(object, kind == &kind_secret ? "data" : "binaryData"), key);
    OWN(buf) struct buf bytes = {0};
    if (plain)
        buf_add_text(&bytes, plain);
    else if (!encoded || !base64_decode(bytes_of(encoded), &bytes))
        return false;
    value->len = bytes.len;
    value->data = container_keep(container, buf_take(&bytes));
    return true;
}

bool container_optional(const json_t *source)
{
    return json_is_true(json_object_get(source, "optional"));
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
    const char *name = container_text(from, "name");
    container->command = array_of(json_object_get(from, "command"));
    container->args = array_of(json_object_get(from, "args"));
    container->face = (struct runtime_container){
        .name = name ? name : "user-container",
        .image = container_text(from, "image"),
        .command = container->command,
        .args = container->args,
        .working_dir = container_text(from, "workingDir"),
    };
    return container_read_variables(objects, from, ns, container, err) &&
           container_read_mounts(objects, pod_spec, from, ns, container, err);
}
