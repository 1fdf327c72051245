/* SPDX-License-Identifier: Apache-2.0 */
/* The folder that holds everything: made, locked against a second server, and told to others. */
#include "gcp-local/data_dir.h"

#include "base/dir_lock.h"
#include "base/env.h"
#include "base/file.h"
#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool make_temporary(struct data_dir *dir, struct err *err)
{
    OWN(free) char *path = str_format("%s/gcp-local.XXXXXX", env_str("TMPDIR", "/tmp"));
    if (!mkdtemp(path))
        return err_set(err, ERR_INPUT, "cannot make a folder like %s: %s", path, strerror(errno));
    dir->temporary = true;
    dir->path = move_ptr(&path);
    return true;
}

static bool make(const char *path, struct data_dir *dir, struct err *err)
{
    if (!file_make_dirs(path, err))
        return false;
    dir->path = realpath(path, NULL);
    return dir->path || err_set(err, ERR_INPUT, "cannot find %s: %s", path, strerror(errno));
}

static bool lock(struct data_dir *dir, struct err *err)
{
    dir->lock = dir_lock_take(dir->path, "gcp-local", 0, err);
    return dir->lock >= 0;
}

bool data_dir_open(const char *path, struct data_dir *dir, struct err *err)
{
    *dir = (struct data_dir){.lock = -1};
    return (path ? make(path, dir, err) : make_temporary(dir, err)) && lock(dir, err);
}

char *data_dir_file_path(const struct data_dir *dir, const char *name)
{
    return str_format("%s/%s", dir->path, name);
}

/* Where clients find a server that listens on host; those on all interfaces are here as well. */
static char *reachable(const char *host)
{
    if (str_equal(host, "0.0.0.0"))
        return str_copy("127.0.0.1");
    if (str_equal(host, "::"))
        return str_copy("[::1]");
    return strchr(host, ':') ? str_format("[%s]", host) : str_copy(host);
}

bool data_dir_publish(const struct data_dir *dir, const struct endpoints *endpoints,
                      struct err *err)
{
    OWN(free) char *path = data_dir_file_path(dir, "ports.json");
    OWN(free) char *host = reachable(endpoints->host);
    json_auto_t *tree = json_pack("{s:s, s:i, s:i, s:b, s:i}", "host", host, "port",
                                  endpoints->port, "tlsPort", endpoints->tls_port, "requireAuth",
                                  endpoints->require_auth, "pid", (int)getpid());
    OWN(free) char *json = json_to_text(tree);
    OWN(free) char *line = str_format("%s\n", json);
    return file_write_unsynced(path, 0644, bytes_of(line), err);
}

void data_dir_close(struct data_dir *dir)
{
    if (dir->lock >= 0) {
        OWN(free) char *ports = data_dir_file_path(dir, "ports.json");
        unlink(ports);
        struct err left = {0};
        if (dir->temporary)
            file_remove_tree(dir->path, &left); /* what is left lies in /tmp */
        close(dir->lock);
    }
    free(dir->path);
    *dir = (struct data_dir){.lock = -1};
}

bool data_dir_endpoints_read(const char *path, struct endpoints *endpoints, struct err *err)
{
    OWN(free) char *file = str_format("%s/ports.json", path);
    OWN(buf) struct buf text = {.max = 4096};
    struct err unread = {0};
    if (!dir_lock_is_held(path) || !file_read(file, &text, &unread))
        return err_set(err, ERR_NOT_FOUND, "no gcp-local runs with the data directory %s", path);

    json_auto_t *tree = json_from_bytes(buf_bytes(&text), file, ERR_INTERNAL, err);
    if (!tree)
        return false;
    struct jread at = jread_open(tree, file, ERR_INTERNAL, err);
    const char *host = jread_str(&at, "host");
    endpoints->port = (uint16_t)jread_int64(&at, "port", 1, UINT16_MAX);
    endpoints->tls_port = (uint16_t)jread_int64(&at, "tlsPort", 1, UINT16_MAX);
    endpoints->require_auth = jread_bool_or(&at, "requireAuth", false);
    if (!jread_ok(&at))
        return false;
    endpoints->host = str_copy(host);
    return true;
}

void data_dir_endpoints_done(struct endpoints *endpoints)
{
    free(endpoints->host);
    *endpoints = (struct endpoints){0};
}
