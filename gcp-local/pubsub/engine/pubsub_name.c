/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/engine/pubsub_name.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

enum { MIN_ID_BYTES = 3, MAX_ID_BYTES = 255, MAX_PROJECT_BYTES = 128 };

static bool is_valid_id(const char *id)
{
    size_t len = strlen(id);
    if (len < MIN_ID_BYTES || len > MAX_ID_BYTES || !isalpha((unsigned char)id[0]) ||
        str_starts(id, "goog"))
        return false;
    return strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+%") ==
           len;
}

static bool is_valid_name(const char *name, const char *collection)
{
    if (!str_starts(name, "projects/"))
        return false;
    size_t project;
    const char *rest = pubsub_name_project(name, &project) + project;
    size_t len = strlen(collection);
    if (project < 1 || project > MAX_PROJECT_BYTES || rest[0] != '/')
        return false;
    return str_starts(rest + 1, collection) && rest[1 + len] == '/' && is_valid_id(rest + len + 2);
}

bool pubsub_name_check(const char *name, const char *collection, struct err *err)
{
    if (is_valid_name(name, collection))
        return true;
    return err_set(err, ERR_INPUT, "Invalid [%s] name: (name=%s)", collection, name);
}

const char *pubsub_name_project(const char *name, size_t *len)
{
    const char *project = name + strlen("projects/");
    *len = strcspn(project, "/");
    return project;
}

const char *pubsub_name_id(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}
