/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the local program that an image names. */
#ifndef KN_LOCAL_SERVING_IMAGE_H
#define KN_LOCAL_SERVING_IMAGE_H

#include "kn-local/serving/types.h"

/* The last path component of an image without tag and digest: "vision-csharp" for
 * "docker.io/{username}/vision-csharp:v1". The caller frees. */
char *image_name(const char *image);

/* The command of an image, NULL-terminated; the caller frees it with image_command_free. Searched
 * in this order: a name given by --image, a program with the image's name in program_dir, one in
 * PATH, and the same without a language suffix ("vision"). NULL and err (ERR_NOT_FOUND) with the
 * remedy. */
char **image_command(const char *image, const struct runtime_options *options, struct err *err);

/* The path of a program, searched in dirs (colon-separated) unless the name has a slash; or NULL.
 * The caller frees. */
char *image_find_program(const char *name, const char *dirs);

void image_command_free(char **argv);

static inline void own_image_command(char ***local)
{
    image_command_free(*local);
}

#endif
