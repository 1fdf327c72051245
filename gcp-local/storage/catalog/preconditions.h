/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions on the generation and metageneration of an object or bucket. Pure. */
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

/* Reads ifGenerationMatch, ifGenerationNotMatch, ifMetagenerationMatch, ifMetagenerationNotMatch
 * from a query; with `source`, ifSourceGenerationMatch etc. ERR_INPUT when one is not a number. */
bool preconditions_read(const char *query, bool source, struct preconditions *out, struct err *err);

/* Checks against the existing object; a generation of 0 means that there is none. Fails with 412;
 * with 304 when `reading` and a NotMatch condition fails. */
bool preconditions_check(const struct preconditions *preconditions, int64_t generation,
                         int64_t metageneration, bool reading, struct err *err);

#endif
