/* SPDX-License-Identifier: Apache-2.0 */
/* The data directory: created, locked against a second kn-local, and described for others. */
#include "kn-local/cli/instance.h"

#include "base/dir_lock.h"
#include "base/file.h"
#include "base/json/jread.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <stdlib.h>
#include <unistd.h>

/* A kn-local that was killed may take a moment to end. */
static const int64_t LOCK_TIMEOUT_NS = NS_PER_SEC / 2;

bool instance_open(const char *path, struct instance *instance, struct err *err)
{
    *instance = (struct instance){.lock = -1};
    instance->lock = dir_lock_open(path, "kn-local", LOCK_TIMEOUT_NS, &instance->path, err);
    return instance->lock >= 0;
}

bool instance_publish(const struct instance *instance, const struct instance_info *info,
                      struct err *err)
{
    OWN(free) char *file = str_format("%s/kn-local.json", instance->path);
    json_auto_t *tree =
        json_pack("{s:i, s:i, s:s?, s:b, s:i}", "port", info->port, "apiPort", info->api_port,
                  "gcpUrl", info->gcp_url, "gcpLocal", info->gcp_local, "pid", (int)getpid());
    OWN(free) char *text = json_to_text(tree);
    OWN(free) char *line = str_format("%s\n", text);
    return file_write(file, 0600, bytes_of(line), err);
}

void instance_close(struct instance *instance)
{
    if (instance->lock >= 0) {
        OWN(free) char *file = str_format("%s/kn-local.json", instance->path);
        unlink(file);
        close(instance->lock);
    }
    free(instance->path);
    *instance = (struct instance){.lock = -1};
}

static bool read_info(const char *path, struct instance_info *info, struct err *err)
{
    OWN(free) char *file = str_format("%s/kn-local.json", path);
    OWN(buf) struct buf text = {.max = 4096};
    if (!file_read(file, &text, err))
        return false;
    json_auto_t *tree = json_from_bytes(buf_bytes(&text), file, ERR_INTERNAL, err);
    if (!tree)
        return false;
    struct jread reader = jread_open(tree, file, ERR_INTERNAL, err);
    info->port = (uint16_t)jread_int64(&reader, "port", 1, UINT16_MAX);
    info->api_port = (uint16_t)jread_int64(&reader, "apiPort", 1, UINT16_MAX);
    info->gcp_local = jread_bool_or(&reader, "gcpLocal", false);
    info->gcp_url = str_copy(jread_str_or(&reader, "gcpUrl", NULL));
    return jread_ok(&reader);
}

bool instance_lookup(const char *path, char **absolute, struct instance_info *info, struct err *err)
{
    struct err ignored = {0};
    *absolute = realpath(path, NULL);
    if (*absolute && dir_lock_is_held(*absolute) && read_info(*absolute, info, &ignored))
        return true;
    OWN(free) char *folder = *path == '/' ? NULL : getcwd(NULL, 0);
    return err_set(err, ERR_NOT_FOUND, "no kn-local is running with the data directory %s%s%s",
                   folder ? folder : "", folder ? "/" : "", path);
}

void instance_info_done(struct instance_info *info)
{
    free(info->gcp_url);
    *info = (struct instance_info){0};
}
