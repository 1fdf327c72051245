/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacks gzip as it comes, in bounded memory. */
#ifndef GCP_LOCAL_STORAGE_CONTENT_GUNZIP_H
#define GCP_LOCAL_STORAGE_CONTENT_GUNZIP_H

#include "base/buf.h"

#include <stdbool.h>

struct gunzip;

typedef bool gunzip_plain(struct bytes piece, void *to, struct err *err);

struct gunzip *gunzip_open(gunzip_plain *plain, void *to);

/* Unpacks a piece and passes on what comes out. ERR_INPUT when it is no gzip. */
bool gunzip_add(struct gunzip *gunzip, struct bytes piece, struct err *err);

/* Whether it was whole. */
bool gunzip_end(const struct gunzip *gunzip, struct err *err);

void gunzip_close(struct gunzip *gunzip); /* NULL is fine */

static inline void own_gunzip(struct gunzip **local)
{
    gunzip_close(*local);
}

#endif
