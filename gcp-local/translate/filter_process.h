/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program as a filter: text in, text out, within a time limit. */
#ifndef GCP_LOCAL_TRANSLATE_FILTER_PROCESS_H
#define GCP_LOCAL_TRANSLATE_FILTER_PROCESS_H

#include "base/buf.h"

struct filter_process {
    char *const *argv; /* as in struct child_process_options, which starts it without a shell */
    char *const *env;  /* the whole environment */
    int timeout_ms;    /* then the program and its descendants are killed */
    size_t max_output; /* bytes */
};

/* Appends the program's standard output to out. Fails with ERR_NOT_FOUND when there is no such
 * program, ERR_UNAVAILABLE when it cannot be started or takes too long, ERR_INTERNAL when it writes
 * too much or its exit code is not 0; the text then quotes its standard error. */
bool filter_process_run(const struct filter_process *filter, struct bytes input, struct buf *out,
                        struct err *err);

#endif
