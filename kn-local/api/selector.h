/* SPDX-License-Identifier: Apache-2.0 */
/* Label and field selectors of lists and watches. */
#ifndef KN_LOCAL_API_SELECTOR_H
#define KN_LOCAL_API_SELECTOR_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct selector_requirement {
    char *key;
    enum { SELECTOR_IN, SELECTOR_NOT_IN, SELECTOR_EXISTS, SELECTOR_ABSENT } op;
    char **values; /* owned, value_count of them */
    size_t value_count;
};

/* All of the requirements must hold. All zero selects everything. */
struct selector {
    struct selector_requirement *labels, *fields;
    size_t label_count, field_count;
};

/* Parses a labelSelector ("a=b,c!=d,e in (f,g),h,!i") and a fieldSelector ("metadata.name=x");
 * either may be NULL. False and err (ERR_INPUT) when one is not valid. */
bool selector_parse(const char *labels, const char *fields, struct selector *selector,
                    struct err *err);
bool selector_matches(const struct selector *selector, const json_t *object);
void selector_done(struct selector *selector);

static inline void own_selector(struct selector *local)
{
    selector_done(local);
}

#endif
