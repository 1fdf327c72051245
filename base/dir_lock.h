/* SPDX-License-Identifier: Apache-2.0 */
/* One process at a time works in a folder: it holds the lock of the file `lock` there, which the
 * kernel gives back when it ends, however it ends. */
#ifndef BASE_DIR_LOCK_H
#define BASE_DIR_LOCK_H

#include "base/err.h"

#include <stdint.h>

/* Takes the lock of a folder for a program of that name, waiting so long for one that is just
 * ending. The descriptor to close in the end, or -1 and err: ERR_CONFLICT when another has it,
 * ERR_INPUT when the folder cannot be written. */
int dir_lock_take(const char *folder, const char *program, int64_t patience_ns, struct err *err);

/* Makes a folder if it is missing, and takes its lock as dir_lock_take does. path receives its
 * absolute path, also on failure once it is known; the caller frees. */
int dir_lock_open(const char *folder, const char *program, int64_t patience_ns, char **path,
                  struct err *err);

/* Whether somebody has it at this moment. */
bool dir_lock_is_held(const char *folder);

#endif
