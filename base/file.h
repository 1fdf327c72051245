/* SPDX-License-Identifier: Apache-2.0 */
/* Whole small files, read and written safely. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

#include <sys/types.h>

/* Reads a whole file into an empty buf, up to buf->max. Errors name the file: ERR_NOT_FOUND,
 * ERR_TOO_LARGE, otherwise ERR_INPUT. */
bool file_read(const char *path, struct buf *buf, struct err *err);

/* Replaces or creates a file with this mode atomically: readers see the old content or the new,
 * also after a crash. The folder must exist. */
bool file_write(const char *path, mode_t mode, struct bytes content, struct err *err);

/* As file_write, without fsync: after a power failure the file may be old or empty, so it is for
 * what can be recreated. */
bool file_write_unsynced(const char *path, mode_t mode, struct bytes content, struct err *err);

/* Creates a folder and its missing parents, with mode 0700. */
bool file_make_dirs(const char *path, struct err *err);

/* Removes a file, or a folder with everything in it, without following links. A missing one is
 * fine. */
bool file_remove_tree(const char *path, struct err *err);

#endif
