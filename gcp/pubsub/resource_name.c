/* SPDX-License-Identifier: Apache-2.0 */
/* Names of topics and subscriptions. */
#include "gcp/pubsub/resource_name.h"

#include "base/str.h"
#include "net/url.h"

#include <string.h>

enum { MIN_ID_LEN = 3, MAX_ID_LEN = 255 };

static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char ID_CHARS[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~+%";
/* also "example.com:project", and numbers */
static const char PROJECT_CHARS[] = "abcdefghijklmnopqrstuvwxyz0123456789-.:";

static bool check_id(const char *kind, const char *id, struct err *err)
{
    size_t len = strlen(id);
    if (len >= MIN_ID_LEN && len <= MAX_ID_LEN && strspn(id, ID_CHARS) == len &&
        strchr(LETTERS, *id) && !str_starts(id, "goog"))
        return true;
    return err_set(err, ERR_INPUT,
                   "\"%s\" is not a valid name in %s: want 3 to 255 letters, digits and -_.~+%%, "
                   "starting with a letter, but not with goog",
                   id, kind);
}

/* Checks "projects/P/KIND/ID". */
static bool check_full(const char *kind, const char *name, struct err *err)
{
    const char *project = name + strlen("projects/");
    size_t len = strspn(project, PROJECT_CHARS);
    OWN(free) char *middle = str_format("/%s/", kind);
    if (len == 0 || !str_starts(project + len, middle))
        return err_set(err, ERR_INPUT, "\"%s\" is not of the form projects/PROJECT/%s/NAME", name,
                       kind);
    return check_id(kind, project + len + strlen(middle), err);
}

char *resource_name(const struct gcp *gcp, const char *kind, const char *name, struct err *err)
{
    if (!name)
        err_set(err, ERR_INPUT, "the name in %s is missing", kind);
    else if (str_starts(name, "projects/"))
        return check_full(kind, name, err) ? str_copy(name) : NULL;
    else if (!gcp->project)
        err_set(
            err, ERR_INPUT,
            "%s: the project is unknown; set GOOGLE_CLOUD_PROJECT, or use projects/PROJECT/%s/%s",
            name, kind, name);
    else if (check_id(kind, name, err))
        return str_format("projects/%s/%s/%s", gcp->project, kind, name);
    return NULL;
}

char *resource_name_target(const char *full_name, const char *verb)
{
    OWN(buf) struct buf target = {0};
    buf_add_text(&target, "/v1");
    while (*full_name) {
        size_t len = strcspn(full_name, "/");
        OWN(free) char *segment = url_encode((struct bytes){full_name, len});
        buf_add_format(&target, "/%s", segment);
        full_name += len + (full_name[len] == '/');
    }
    if (verb)
        buf_add_format(&target, ":%s", verb);
    return buf_take(&target);
}
