/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program as a filter: text in, text out, within a time limit. */
#ifndef GCP_LOCAL_TRANSLATE_FILTER_PROCESS_H
#define GCP_LOCAL_TRANSLATE_FILTER_PROCESS_H

#include "base/buf.h"
#include "base/err.h"

struct filter_process {
    const char *const *argv; /* found in PATH; NULL-terminated; no shell reads it */
    const char *const *env;  /* the whole environment; NULL-terminated */
    int timeout_ms;          /* then the program and all it started are killed */
    size_t max_output;       /* bytes */
};

/* Appends what the program writes to its standard output to out. Fails with ERR_NOT_FOUND when
 * there is no such program, ERR_UNAVAILABLE when it takes too long, ERR_INTERNAL when it writes too
 * much or ends with another status than 0; the text then quotes what it said on standard error. */
bool filter_process_run(const struct filter_process *filter, struct bytes input, struct buf *out,
                        struct err *err);

#endif
