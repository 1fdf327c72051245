/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary directory for one test, removed at the end of its scope:
 *
 *     OWN(temp_dir) struct temp_dir dir = temp_dir_new(); */
#ifndef TESTS_HELPERS_TEMP_DIR_H
#define TESTS_HELPERS_TEMP_DIR_H

struct temp_dir {
    char path[256];
};

/* Creates a directory in TMPDIR, or in /tmp. */
struct temp_dir temp_dir_new(void);

/* Removes it with its content. */
void own_temp_dir(struct temp_dir *local);

/* Writes a file, mode 0600, with its parent directories. temp_dir_add_file returns its path, for
 * free(). */
char *temp_dir_add_file(const struct temp_dir *dir, const char *name, const char *content);
void temp_dir_write(const struct temp_dir *dir, const char *name, const char *content);

#endif
