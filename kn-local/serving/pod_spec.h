/* What a pod runs: a container's fields, kept, and turned into arguments, environment and files. */
#ifndef KN_LOCAL_SERVING_POD_SPEC_H
#define KN_LOCAL_SERVING_POD_SPEC_H

#include "kn-local/serving/types.h"

#include <stdatomic.h>

struct plan_file {
    char *path; /* as in the container */
    char *data;
    size_t len;
};

/* Never changed; shared by the pods that run it. */
struct plan {
    atomic_uint refs;
    char *container, *image, *dir; /* dir NULL = ours */
    char **argv;                   /* NULL: no program answers to the image, see problem */
    char **env;                    /* "NAME=value", the later of a name wins */
    struct plan_file *files;
    size_t file_count;
    struct err problem;
};

/* Resolves the image; a failure to do so is kept in problem. more are variables that win over the
 * container's; they win over runtime_options.variables, and those over our own environment. */
struct plan *plan_new(const struct runtime_container *container,
                      const struct runtime_options *options, const struct runtime_variable *more,
                      size_t more_count);
struct plan *plan_hold(struct plan *plan);
void plan_release(struct plan *plan);

/* Whether two do the same. */
bool plan_equal(const struct plan *a, const struct plan *b);

/* Writes the files below dir, and returns the environment in which their paths stand for where they
 * are now; port is told as PORT unless 0. The caller frees (command_free). NULL and err. */
char **plan_prepare(const struct plan *plan, const char *dir, uint16_t port, struct err *err);

#endif
