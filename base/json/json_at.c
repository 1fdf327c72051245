/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a value at a path of a JSON tree. */
#include "base/json/json_at.h"

#include <string.h>

json_t *json_at(const json_t *tree, const char *path)
{
    while (tree && *path) {
        if (*path == '[') {
            size_t index = 0;
            for (path++; *path >= '0' && *path <= '9'; path++)
                index = index * 10 + (size_t)(*path - '0');
            tree = json_array_get(tree, index);
            path += *path == ']';
        } else {
            size_t len = strcspn(path, ".[");
            tree = json_object_getn(tree, path, len);
            path += len;
        }
        path += *path == '.';
    }
    return (json_t *)tree;
}

const char *json_text_at(const json_t *tree, const char *path)
{
    return json_string_value(json_at(tree, path));
}

int64_t json_int_at(const json_t *tree, const char *path, int64_t fallback)
{
    const json_t *value = json_at(tree, path);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool json_bool_at(const json_t *tree, const char *path)
{
    return json_is_true(json_at(tree, path));
}
