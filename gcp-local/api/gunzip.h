/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacks gzip data piece by piece, in bounded memory. */
#ifndef GCP_LOCAL_API_GUNZIP_H
#define GCP_LOCAL_API_GUNZIP_H

#include "base/buf.h"

#include <stdbool.h>

struct gunzip;

/* Receives unpacked data; false and err to stop. */
typedef bool gunzip_plain(struct bytes piece, void *context, struct err *err);

struct gunzip *gunzip_open(gunzip_plain *plain, void *context);

/* Unpacks a piece. ERR_INPUT when it is not gzip. */
bool gunzip_add(struct gunzip *gunzip, struct bytes piece, struct err *err);

/* Call it after the last piece: false and ERR_INPUT when the data were truncated. */
bool gunzip_end(const struct gunzip *gunzip, struct err *err);

void gunzip_close(struct gunzip *gunzip); /* NULL is fine */

static inline void own_gunzip(struct gunzip **local)
{
    gunzip_close(*local);
}

#endif
