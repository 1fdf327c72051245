/* SPDX-License-Identifier: Apache-2.0 */
/* A container in a manifest becomes one of the data plane: its Secrets and ConfigMaps are read. */
#include "base/base64.h"
#include "base/str.h"
#include "kn-local/controllers/pod_template_private.h"
#include "kn-local/kinds/kinds.h"

const char *pod_template_keep(struct pod_template *container, char *text)
{
    container->texts = alloc_resize(container->texts, (container->text_count + 1) * sizeof(char *));
    return container->texts[container->text_count++] = text;
}

void pod_template_add_borrowed(struct pod_template *container, const char *name, const char *value)
{
    size_t count = container->spec.variable_count;
    for (size_t i = 0; i < count; i++)
        if (str_equal(container->variables[i].name, name)) {
            container->variables[i].value = value; /* the last one counts */
            return;
        }
    container->variables =
        alloc_resize(container->variables, (count + 1) * sizeof(*container->variables));
    container->variables[count] = (struct serving_variable){name, value};
    container->spec.variables = container->variables;
    container->spec.variable_count++;
}

void pod_template_add_variable(struct pod_template *container, const char *name, const char *value)
{
    pod_template_add_borrowed(container, pod_template_keep(container, str_copy(name)),
                              pod_template_keep(container, str_copy(value)));
}

void pod_template_done(struct pod_template *container)
{
    for (size_t i = 0; i < container->text_count; i++)
        free(container->texts[i]);
    free(container->texts);
    free(container->variables);
    free(container->files);
    free(container->command);
    free(container->args);
    *container = (struct pod_template){0};
}

const char *pod_template_str(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

json_t *pod_template_find_object(struct object_store *objects, const struct kind *kind,
                                 const char *ns, const char *name, struct err *err)
{
    struct object_key key = {kind, ns, name ? name : ""};
    json_t *object = object_store_get(objects, &key);
    if (!object)
        err_set(err, ERR_NOT_FOUND, "%s \"%s\" not found", kind->singular, key.name);
    return object;
}

bool pod_template_read_key(struct pod_template *container, const struct kind *kind,
                           const json_t *object, const char *key, struct bytes *value)
{
    const char *plain =
        kind == &kind_config_map ? pod_template_str(json_object_get(object, "data"), key) : NULL;
    const char *encoded = pod_template_str(
        json_object_get(object, kind == &kind_secret ? "data" : "binaryData"), key);
    OWN(buf) struct buf bytes = {0};
    if (plain)
        buf_add_text(&bytes, plain);
    else if (!encoded || !base64_decode(bytes_of(encoded), &bytes))
        return false;
    value->len = bytes.len;
    value->data = pod_template_keep(container, buf_take(&bytes));
    return true;
}

bool pod_template_is_optional(const json_t *source)
{
    return json_is_true(json_object_get(source, "optional"));
}

/* A list of texts as an array that ends with NULL; NULL when there is none. */
static const char **array_of(const json_t *list)
{
    if (json_array_size(list) == 0)
        return NULL;
    const char **array = alloc_zeroed((json_array_size(list) + 1) * sizeof(char *));
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item)
    {
        array[index] = json_string_value(item);
    }
    return array;
}

bool pod_template_read(struct object_store *objects, const json_t *pod_spec, const char *ns,
                       struct pod_template *container, struct err *err)
{
    *container = (struct pod_template){0};
    const json_t *from = json_array_get(json_object_get(pod_spec, "containers"), 0);
    const char *name = pod_template_str(from, "name");
    container->command = array_of(json_object_get(from, "command"));
    container->args = array_of(json_object_get(from, "args"));
    container->spec = (struct serving_container){
        .name = name ? name : "user-container",
        .image = pod_template_str(from, "image"),
        .command = container->command,
        .args = container->args,
        .working_dir = pod_template_str(from, "workingDir"),
    };
    return pod_template_env_read(objects, from, ns, container, err) &&
           pod_template_files_read(objects, pod_spec, from, ns, container, err);
}
