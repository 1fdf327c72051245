/* SPDX-License-Identifier: Apache-2.0 */
/* Files by path in one folder, or unlinked files by name, which vanish with the process.
 *
 *     incoming/ID            content of an upload in progress
 *     content/BUCKET/GEN     an object's content: written once, never changed
 *     pending/BUCKET@GEN     empty: this content may have no row, see mutation.c
 *
 * Safe from any thread. */
#ifndef GCP_LOCAL_STORAGE_CONTENT_CONTENT_FILES_H
#define GCP_LOCAL_STORAGE_CONTENT_CONTENT_FILES_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct content_files;

/* Makes the folder. NULL: unlinked files. */
struct content_files *content_files_open(const char *folder, struct err *err);
void content_files_close(struct content_files *files);

static inline void own_content_files(struct content_files **local)
{
    content_files_close(*local);
}

/* The paths of an upload's and of an object's content. The caller frees. */
char *content_files_incoming_path(const char *id);
char *content_files_object_path(const char *bucket, int64_t generation);

/* True if files outlive the process. */
bool content_files_durable(const struct content_files *files);

/* Create or open a file for reading and writing. -1 and err on failure: ERR_NOT_FOUND,
 * ERR_UNAVAILABLE for a full disk and the like, ERR_INTERNAL. The file offset may be shared between
 * descriptors: use pread, pwrite and sendfile with offsets. */
int content_files_create(struct content_files *files, const char *path, struct err *err);
int content_files_read(struct content_files *files, const char *path, struct err *err);

/* Give a file another path, or a second one. Creates missing folders. */
bool content_files_rename(struct content_files *files, const char *from, const char *to,
                          struct err *err);
bool content_files_link(struct content_files *files, const char *from, const char *to,
                        struct err *err);

/* Removes a file or an empty folder, if it exists. */
void content_files_remove(struct content_files *files, const char *path);

/* Calls each with the name of every file in a folder; does nothing for unlinked files. */
void content_files_each(struct content_files *files, const char *folder,
                        void (*each)(const char *name, void *context), void *context);

/* Removes all files. */
void content_files_reset(struct content_files *files);

#endif
