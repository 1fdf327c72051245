/* SPDX-License-Identifier: Apache-2.0 */
/* The folder that holds everything: made, locked against a second kn-local, and told to others. */
#include "kn-local/cli/instance.h"

#include "base/dir_lock.h"
#include "base/file.h"
#include "base/json/jread.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <stdlib.h>
#include <unistd.h>

/* The one that was killed a moment ago may still be ending. */
static const int64_t PATIENCE_NS = NS_PER_SEC / 2;

bool instance_open(const char *path, struct instance *home, struct err *err)
{
    *home = (struct instance){.lock = -1};
    home->lock = dir_lock_open(path, "kn-local", PATIENCE_NS, &home->path, err);
    return home->lock >= 0;
}

bool instance_publish(const struct instance *home, const struct instance_info *note,
                      struct err *err)
{
    OWN(free) char *file = str_format("%s/kn-local.json", home->path);
    json_auto_t *tree =
        json_pack("{s:i, s:i, s:s?, s:b, s:i}", "port", note->port, "apiPort", note->api_port,
                  "gcpUrl", note->gcp_url, "gcpLocal", note->gcp_local, "pid", (int)getpid());
    OWN(free) char *text = json_to_text(tree);
    OWN(free) char *line = str_format("%s\n", text);
    return file_write(file, 0600, bytes_of(line), err);
}

void instance_close(struct instance *home)
{
    if (home->lock >= 0) {
        OWN(free) char *file = str_format("%s/kn-local.json", home->path);
        unlink(file);
        close(home->lock);
    }
    free(home->path);
    *home = (struct instance){.lock = -1};
}

static bool read_note(const char *path, struct instance_info *note, struct err *err)
{
    OWN(free) char *file = str_format("%s/kn-local.json", path);
    OWN(buf) struct buf text = {.max = 4096};
    if (!file_read(file, &text, err))
        return false;
    json_auto_t *tree = json_from_bytes(buf_bytes(&text), file, ERR_INTERNAL, err);
    if (!tree)
        return false;
    struct jread at = jread_open(tree, file, ERR_INTERNAL, err);
    note->port = (uint16_t)jread_int64(&at, "port", 1, UINT16_MAX);
    note->api_port = (uint16_t)jread_int64(&at, "apiPort", 1, UINT16_MAX);
    note->gcp_local = jread_bool_or(&at, "gcpLocal", false);
    note->gcp_url = str_copy(jread_str_or(&at, "gcpUrl", NULL));
    return jread_ok(&at);
}

bool instance_lookup(const char *path, char **absolute, struct instance_info *note, struct err *err)
{
    struct err none = {0};
    *absolute = realpath(path, NULL);
    if (*absolute && dir_lock_is_held(*absolute) && read_note(*absolute, note, &none))
        return true;
    OWN(free) char *folder = *path == '/' ? NULL : getcwd(NULL, 0);
    return err_set(err, ERR_NOT_FOUND, "no kn-local runs with the data directory %s%s%s",
                   folder ? folder : "", folder ? "/" : "", path);
}

void instance_info_done(struct instance_info *note)
{
    free(note->gcp_url);
    *note = (struct instance_info){0};
}
