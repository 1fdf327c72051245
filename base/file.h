/* SPDX-License-Identifier: Apache-2.0 */
/* Whole small files, read and written safely. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

#include <sys/types.h>

/* Reads a whole file into an empty buf, up to buf->max. Errors name the file: ERR_NOT_FOUND when
 * there is none, ERR_TOO_LARGE, otherwise ERR_INPUT. */
bool file_read(const char *path, struct buf *buf, struct err *err);

/* Writes a file with this mode so that others see the old content or the new, never a part, also
 * after a crash. The folder must exist. */
bool file_write(const char *path, mode_t mode, struct bytes content, struct err *err);

/* Like it, without waiting for the disk: for what can be made anew when the machine loses power,
 * which may leave the file old or empty. */
bool file_write_unsynced(const char *path, mode_t mode, struct bytes content, struct err *err);

/* Makes a folder and those above it that are missing (mode 0700 for each that is made). */
bool file_make_dirs(const char *path, struct err *err);

/* Removes a file or a folder with all that is in it, not following links. One that is not there is
 * fine. */
bool file_remove_tree(const char *path, struct err *err);

#endif
