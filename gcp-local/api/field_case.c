/* SPDX-License-Identifier: Apache-2.0 */
/* proto3 JSON allows field names in snake_case as well. */
#include "gcp-local/api/field_case.h"

#include "base/str.h"

/* "max_results" becomes "maxResults". */
static char *camel(const char *name)
{
    char *copy = str_copy(name), *to = copy;
    for (const char *from = copy; *from; from++) {
        bool underscore = from[0] == '_' && from[1] >= 'a' && from[1] <= 'z' && to > copy;
        if (underscore)
            from++;
        *to++ = underscore ? (char)(*from - 'a' + 'A') : *from;
    }
    *to = '\0';
    return copy;
}

static json_t *camel_object(const json_t *tree)
{
    json_t *copy = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)tree, key, value)
    {
        OWN(free) char *name = camel(key);
        json_object_set_new(copy, name,
                            str_equal(key, "labels") ? json_deep_copy(value)
                                                     : field_case_to_camel(value));
    }
    return copy;
}

json_t *field_case_to_camel(const json_t *tree)
{
    if (json_is_object(tree))
        return camel_object(tree);
    if (!json_is_array(tree))
        return json_copy((json_t *)tree);
    json_t *copy = json_array();
    for (size_t i = 0; i < json_array_size(tree); i++)
        json_array_append_new(copy, field_case_to_camel(json_array_get(tree, i)));
    return copy;
}
