/* SPDX-License-Identifier: Apache-2.0 */
/* The folder that holds everything: made, locked against a second server, and told to others. */
#ifndef GCP_LOCAL_DATA_DIR_H
#define GCP_LOCAL_DATA_DIR_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct data_dir {
    char *path;     /* absolute */
    int lock;       /* held while the server runs; -1 = not */
    bool temporary; /* removed in the end */
};

/* What a running server writes to ports.json. All zero is empty. */
struct endpoints {
    char *host; /* to connect to, in brackets when it is an IPv6 address */
    uint16_t port, tls_port;
    bool require_auth; /* calls need a token */
};

/* Makes and locks the folder; NULL makes a temporary one. Fails with ERR_INPUT when it cannot be
 * written, ERR_CONFLICT when another server has it. */
bool data_dir_open(const char *path, struct data_dir *dir, struct err *err);

/* Tells others where the server listens; endpoints->host is the address it listens on. Removed by
 * data_dir_close. */
bool data_dir_publish(const struct data_dir *dir, const struct endpoints *endpoints,
                      struct err *err);
void data_dir_close(struct data_dir *dir);

static inline void own_data_dir(struct data_dir *local)
{
    data_dir_close(local);
}

/* The place of a file in the folder. The caller frees. */
char *data_dir_file_path(const struct data_dir *dir, const char *name);

/* Where the server of a folder listens; ERR_NOT_FOUND when none does. */
bool data_dir_endpoints_read(const char *path, struct endpoints *endpoints, struct err *err);
void data_dir_endpoints_done(struct endpoints *endpoints);

static inline void own_endpoints(struct endpoints *local)
{
    data_dir_endpoints_done(local);
}

#endif
