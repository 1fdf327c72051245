/* SPDX-License-Identifier: Apache-2.0 */
/* The data directory: created, locked against a second kn-local, and described for others. */
#ifndef KN_LOCAL_CLI_INSTANCE_H
#define KN_LOCAL_CLI_INSTANCE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* All zero but lock is empty. */
struct instance {
    char *path; /* absolute */
    int lock;   /* held while kn-local runs; -1 = not */
};

/* What `kn-local env` needs to know about a running kn-local. */
struct instance_info {
    uint16_t port, api_port;
    char *gcp_url;  /* of the emulator, NULL for Google itself */
    bool gcp_local; /* it was started by kn-local, with its data in PATH/gcp */
};

/* Fails with ERR_INPUT when it cannot be written, ERR_CONFLICT when another kn-local uses it. */
bool instance_open(const char *path, struct instance *instance, struct err *err);

/* Writes PATH/kn-local.json; removed by instance_close. */
bool instance_publish(const struct instance *instance, const struct instance_info *info,
                      struct err *err);
void instance_close(struct instance *instance);

static inline void own_instance(struct instance *local)
{
    instance_close(local);
}

/* What the running kn-local of a data directory published; ERR_NOT_FOUND when none is running.
 * absolute is the absolute path, NULL when there is no such directory; the caller frees. */
bool instance_lookup(const char *path, char **absolute, struct instance_info *info,
                     struct err *err);
void instance_info_done(struct instance_info *info);

static inline void own_instance_info(struct instance_info *local)
{
    instance_info_done(local);
}

#endif
