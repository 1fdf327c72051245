/* SPDX-License-Identifier: Apache-2.0 */
/* The data directory: locked by the server, which publishes there where it listens. */
#ifndef GCP_LOCAL_DATA_DIR_H
#define GCP_LOCAL_DATA_DIR_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct data_dir {
    char *path;     /* absolute */
    int lock;       /* -1 = not held */
    bool temporary; /* removed by data_dir_close */
};

/* What a server publishes, in ports.json. All zero is empty. */
struct endpoints {
    char *host; /* to connect to; an IPv6 address is in brackets */
    uint16_t port, tls_port;
    bool require_auth; /* requests need a token */
};

/* Makes and locks the folder; NULL makes a temporary one. ERR_INPUT when it cannot be written,
 * ERR_CONFLICT when another server uses it. */
bool data_dir_open(const char *path, struct data_dir *dir, struct err *err);

/* Writes ports.json, which data_dir_close removes; endpoints->host is the address that the server
 * listens on. */
bool data_dir_publish(const struct data_dir *dir, const struct endpoints *endpoints,
                      struct err *err);
void data_dir_close(struct data_dir *dir);

static inline void own_data_dir(struct data_dir *local)
{
    data_dir_close(local);
}

/* The path of a file in the folder. The caller frees. */
char *data_dir_file_path(const struct data_dir *dir, const char *name);

/* Reads where the server of a folder listens; ERR_NOT_FOUND when no server runs. */
bool data_dir_endpoints_read(const char *path, struct endpoints *endpoints, struct err *err);
void data_dir_endpoints_done(struct endpoints *endpoints);

static inline void own_endpoints(struct endpoints *local)
{
    data_dir_endpoints_done(local);
}

#endif
