/* SPDX-License-Identifier: Apache-2.0 */
/* Storage: targets of calls, with the names of buckets and objects checked and encoded. All results
 * are for free(); NULL and ERR_INPUT when a name is not valid. */
#ifndef GCP_STORAGE_OBJECT_URL_H
#define GCP_STORAGE_OBJECT_URL_H

#include "gcp/gcp.h"

/* "/storage/v1/b/BUCKET" and suffix */
char *storage_bucket_target(const char *bucket, const char *suffix, struct err *err);

/* "/storage/v1/b/BUCKET/o/OBJECT" */
char *storage_object_target(const char *bucket, const char *object, struct err *err);

/* "/upload/storage/v1/b/BUCKET/o?uploadType=media&name=OBJECT[&ifGenerationMatch=N]" */
char *storage_upload_target(const char *bucket, const char *object, int64_t generation,
                            struct err *err);

#endif
