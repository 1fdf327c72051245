/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod runs: the arguments, environment and files of a container. */
#ifndef KN_LOCAL_SERVING_POD_SPEC_H
#define KN_LOCAL_SERVING_POD_SPEC_H

#include "kn-local/serving/types.h"

#include <stdatomic.h>

struct pod_spec_file {
    char *path; /* as in the container */
    char *data;
    size_t len;
};

/* Immutable; shared by the pods that run it. */
struct pod_spec {
    atomic_uint refs;
    char *container, *image, *dir; /* dir NULL: ours */
    char **argv;                   /* NULL: the image names no program, see problem */
    char **env;                    /* "NAME=value"; names are unique */
    struct pod_spec_file *files;
    size_t file_count;
    struct err problem;
};

/* Resolves the image; a failure is kept in problem. Variables in `more` override the container's,
 * which override runtime_options.variables, which override our own environment. */
struct pod_spec *pod_spec_new(const struct serving_container *container,
                              const struct runtime_options *options,
                              const struct serving_variable *more, size_t more_count);
struct pod_spec *pod_spec_hold(struct pod_spec *pod_spec);
void pod_spec_release(struct pod_spec *pod_spec);

/* Whether both run the same program with the same environment and files. */
bool pod_spec_equal(const struct pod_spec *a, const struct pod_spec *b);

/* Writes the files below dir and returns the environment, in which paths of these files are
 * replaced by where they are; port is set as PORT unless 0. The caller frees (image_command_free).
 * NULL and err. */
char **pod_spec_prepare(const struct pod_spec *pod_spec, const char *dir, uint16_t port,
                        struct err *err);

#endif
