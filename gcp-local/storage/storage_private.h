/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of storage/ and storage/rest/ share. */
#ifndef GCP_LOCAL_STORAGE_STORAGE_PRIVATE_H
#define GCP_LOCAL_STORAGE_STORAGE_PRIVATE_H

#include "gcp-local/storage/catalog/catalog.h"
#include "gcp-local/storage/catalog/preconditions.h"
#include "gcp-local/storage/content/content_files.h"
#include "gcp-local/storage/storage.h"

struct upload_session_table;

struct storage {
    struct storage_options options; /* without data_dir */
    struct catalog *catalog;
    struct content_files *files;
    struct upload_session_table *sessions;
};

/* Finds the live object, or with a generation that one, and opens its content for reading. The
 * caller closes the descriptor; -1 and err (ERR_NOT_FOUND) when there is no such object. */
int storage_open_object(struct storage *storage, const char *bucket, const char *name,
                        int64_t generation, struct storage_object *object, struct err *err);

#endif
