/* SPDX-License-Identifier: Apache-2.0 */
/* Destinations in manifests (ref, uri) become targets of the data plane. */
#include "kn-local/controllers/destination.h"

#include "base/str.h"
#include "kn-local/kinds/kinds.h"

/* The kind of a reference; kinds of one name in several groups are told apart by apiVersion. */
static const struct kind *kind_of(const json_t *reference, struct err *err)
{
    const char *name = json_string_value(json_object_get(reference, "kind"));
    if (json_object_get(reference, "apiVersion"))
        return kind_of_object(reference, err);
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    for (size_t i = 0; i < count; i++)
        if (str_equal(all[i]->name, name))
            return all[i];
    err_set(err, ERR_INPUT, "no kind \"%.80s\" is known", name ? name : "");
    return NULL;
}

bool destination_resolve_bare(struct object_store *objects, const json_t *reference, const char *ns,
                              struct runtime_destination *target, struct err *err)
{
    const char *name = json_string_value(json_object_get(reference, "name"));
    const char *own_ns = json_string_value(json_object_get(reference, "namespace"));
    const struct kind *kind = kind_of(reference, err);
    if (!kind)
        return false;
    const struct kind *hub = kind_hub(kind);
    if (!hub->addressable)
        return err_set(err, ERR_INPUT, "%s \"%s\" is not addressable", kind->name, name);
    target->to = hub->controller == CONTROLLER_SERVICE ? DESTINATION_SERVICE : DESTINATION_CHANNEL;
    target->ns = own_ns ? own_ns : ns;
    target->name = name;
    struct object_key key = {kind, target->ns, name};
    json_auto_t *there = object_store_get(objects, &key);
    return there ||
           err_set(err, ERR_NOT_FOUND, "%s.%s \"%s\" not found", kind->plural, kind->group, name);
}

bool destination_resolve(struct object_store *objects, const json_t *destination, const char *ns,
                         struct runtime_destination *target, struct err *err)
{
    *target = (struct runtime_destination){0};
    const json_t *ref = json_object_get(destination, "ref");
    target->url = json_string_value(json_object_get(destination, "uri"));
    if (ref)
        return destination_resolve_bare(objects, ref, ns, target, err);
    if (target->url)
        target->to = DESTINATION_URL;
    return true;
}
