/* SPDX-License-Identifier: Apache-2.0 */
/* Which local program an image stands for. */
#ifndef KN_LOCAL_SERVING_IMAGE_H
#define KN_LOCAL_SERVING_IMAGE_H

#include "kn-local/serving/types.h"

/* The name of an image: "docker.io/{username}/vision-csharp:v1" is "vision-csharp". The caller
 * frees. */
char *image_name(const char *image);

/* The arguments to start, from argv[0] on, ending in NULL; all owned. Looked for, in this order: a
 * name given by --image, the image's name as a program in program_dir and then in PATH, and the
 * same without a language at its end ("vision"). NULL and err (ERR_NOT_FOUND), with what can be
 * done about it. */
char **image_command(const char *image, const struct runtime_options *options, struct err *err);

/* The path of a program as a shell would find it, or NULL. The caller frees. */
char *image_find_program(const char *name, const char *dirs);

void image_command_free(char **argv);

static inline void own_image_command(char ***local)
{
    image_command_free(*local);
}

#endif
