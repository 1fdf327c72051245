/* SPDX-License-Identifier: Apache-2.0 */
/* A lock of a folder for one process at a time: flock on the file `lock` in it. The kernel releases
 * it when the process ends, however it ends. */
#ifndef BASE_DIR_LOCK_H
#define BASE_DIR_LOCK_H

#include "base/err.h"

#include <stdint.h>

/* Takes the lock for a program of that name, waiting up to timeout_ns for another process to end.
 * Returns a descriptor; closing it releases the lock. -1 and err: ERR_CONFLICT when another process
 * holds it, ERR_INPUT when the folder cannot be written. */
int dir_lock_take(const char *folder, const char *program, int64_t timeout_ns, struct err *err);

/* Creates a folder if it is missing, and takes its lock as dir_lock_take does. path receives its
 * absolute path, also on failure once it is known; the caller frees. */
int dir_lock_open(const char *folder, const char *program, int64_t timeout_ns, char **path,
                  struct err *err);

/* Whether a process holds it at this moment. */
bool dir_lock_is_held(const char *folder);

#endif
