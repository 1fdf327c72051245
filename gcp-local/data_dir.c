/* SPDX-License-Identifier: Apache-2.0 */
/* The data directory: locked by the server, which publishes there where it listens. */
#include "gcp-local/data_dir.h"

#include "base/dir_lock.h"
#include "base/env.h"
#include "base/file.h"
#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"

#include <string.h>
#include <unistd.h>

bool data_dir_open(const char *path, struct data_dir *dir, struct err *err)
{
    *dir = (struct data_dir){.lock = -1, .temporary = !path};
    OWN(free) char *temporary = str_format("%s/gcp-local.XXXXXX", env_str("TMPDIR", "/tmp"));
    if (!path && !mkdtemp(temporary))
        return err_set_errno(err, ERR_INPUT, "cannot make a folder like %s", temporary);
    dir->lock = dir_lock_open(path ? path : temporary, "gcp-local", 0, &dir->path, err);
    return dir->lock >= 0;
}

char *data_dir_file_path(const struct data_dir *dir, const char *name)
{
    return str_format("%s/%s", dir->path, name);
}

/* The host that clients on this machine connect to. The caller frees. */
static char *client_host(const char *host)
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
    OWN(free) char *host = client_host(endpoints->host);
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
        struct err ignored = {0};
        if (dir->temporary)
            file_remove_tree(dir->path, &ignored); /* a failure leaves it in /tmp */
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
        return err_set(err, ERR_NOT_FOUND, "no gcp-local is running with the data directory %s",
                       path);

    json_auto_t *tree = json_from_bytes(buf_bytes(&text), file, ERR_INTERNAL, err);
    if (!tree)
        return false;
    struct jread reader = jread_open(tree, file, ERR_INTERNAL, err);
    const char *host = jread_str(&reader, "host");
    endpoints->port = (uint16_t)jread_int64(&reader, "port", 1, UINT16_MAX);
    endpoints->tls_port = (uint16_t)jread_int64(&reader, "tlsPort", 1, UINT16_MAX);
    endpoints->require_auth = jread_bool_or(&reader, "requireAuth", false);
    if (!jread_ok(&reader))
        return false;
    endpoints->host = str_copy(host);
    return true;
}

void data_dir_endpoints_done(struct endpoints *endpoints)
{
    free(endpoints->host);
    *endpoints = (struct endpoints){0};
}
