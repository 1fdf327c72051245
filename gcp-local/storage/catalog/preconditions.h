/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of an object or bucket for a request to be done. Pure. */
#ifndef GCP_LOCAL_STORAGE_CATALOG_PRECONDITIONS_H
#define GCP_LOCAL_STORAGE_CATALOG_PRECONDITIONS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct condition {
    bool set;
    int64_t value;
};

struct preconditions {
    struct condition generation, not_generation, metageneration, not_metageneration;
};

/* Reads ifGenerationMatch and the like from a query; with `source`, ifSourceGenerationMatch and the
 * like. ERR_INPUT for what is no number. */
bool preconditions_read(const char *query, bool source, struct preconditions *out, struct err *err);

/* Checks against what is there; a generation of 0 means nothing is. Fails with 412, or, when what
 * is only read has not changed, with 304. */
bool preconditions_check(const struct preconditions *preconditions, int64_t generation,
                         int64_t metageneration, bool reading, struct err *err);

#endif
