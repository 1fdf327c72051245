/* SPDX-License-Identifier: Apache-2.0 */
/* Files by path in one folder, or, when nothing is to be kept, unlinked files by name.
 *
 *     incoming/ID            content of an upload that is under way
 *     content/BUCKET/GEN     an object's content: written once, never changed
 *     pending/BUCKET@GEN     empty: this content may lack its row, see sweep.h
 *
 * All calls may come from any thread. */
#ifndef GCP_LOCAL_STORAGE_CONTENT_CONTENT_FILES_H
#define GCP_LOCAL_STORAGE_CONTENT_CONTENT_FILES_H

#include "base/err.h"

#include <stdbool.h>

struct content_files;

/* folder NULL: files without a name, gone when they are closed, also after kill -9. */
struct content_files *content_files_open(const char *folder, struct err *err);
void content_files_close(struct content_files *files);

static inline void own_content_files(struct content_files **local)
{
    content_files_close(*local);
}

/* Whether files stay when the process ends. */
bool content_files_durable(const struct content_files *files);

/* A new empty file, or one that is there, to read and write. -1 and err otherwise. Its offset may
 * be shared: use pread, pwrite and sendfile with offsets. */
int content_files_create(struct content_files *files, const char *path, struct err *err);
int content_files_read(struct content_files *files, const char *path, struct err *err);

/* Gives a file another path, or a second one. Folders are made as needed. */
bool content_files_rename(struct content_files *files, const char *from, const char *to,
                          struct err *err);
bool content_files_link(struct content_files *files, const char *from, const char *to,
                        struct err *err);

/* Removes a file, or an empty folder. What is not there is no failure. */
void content_files_remove(struct content_files *files, const char *path);

/* Calls each with the name of every file of a folder. */
void content_files_each(struct content_files *files, const char *folder,
                        void (*each)(const char *name, void *to), void *to);

/* Removes all. */
void content_files_reset(struct content_files *files);

#endif
