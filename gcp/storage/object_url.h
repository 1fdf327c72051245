/* SPDX-License-Identifier: Apache-2.0 */
/* Storage: the targets of calls on buckets and objects, with their names checked and encoded. */
#ifndef GCP_STORAGE_OBJECT_URL_H
#define GCP_STORAGE_OBJECT_URL_H

#include "gcp/gcp.h"

/* "/storage/v1/b/BUCKET" and what follows. All are for free(), NULL and ERR_INPUT on a bad name. */
char *storage_bucket_target(const char *bucket, const char *what, struct err *err);

/* "/storage/v1/b/BUCKET/o/OBJECT" */
char *storage_object_target(const char *bucket, const char *object, struct err *err);

/* "/upload/storage/v1/b/BUCKET/o?uploadType=media&name=OBJECT[&ifGenerationMatch=N]" */
char *storage_upload_target(const char *bucket, const char *object, int64_t generation,
                            struct err *err);

#endif
