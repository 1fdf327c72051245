/* SPDX-License-Identifier: Apache-2.0 */
/* YAML becomes JSON trees: libyaml behind one door. YAML 1.2's core types (yes, no, on and off are
 * texts), anchors and merge keys; several documents in a text. */
#ifndef BASE_YAML_YAML_H
#define BASE_YAML_YAML_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* One document and where its parts stood. All zero is empty. */
struct yaml_doc {
    json_t *tree; /* owned; an empty document is JSON's null */
    size_t line;  /* where it begins, from 1 */
    struct yaml_mark *marks;
};

struct yaml_docs {
    struct yaml_doc *list; /* owned */
    size_t count;
};

void yaml_docs_done(struct yaml_docs *docs);

static inline void own_yaml_docs(struct yaml_docs *local)
{
    yaml_docs_done(local);
}

/* Reads all documents of a text. On failure docs holds those before the broken one, and err says
 * "WHAT:LINE: …" (ERR_INPUT). Refused are duplicate keys, tabs for indentation, foreign tags, NUL
 * characters, more than 100 levels, and more than 200,000 values, counting what aliases repeat. */
bool yaml_read(struct bytes text, const char *what, struct yaml_docs *docs, struct err *err);

/* How long the mark is that editors on Windows put before a text; libyaml would count it as a
 * column. */
size_t yaml_bom_len(struct bytes text);

/* The line of the value at a path such as "spec.containers[0].image", or of the nearest part of the
 * path that is there. */
size_t yaml_line(const struct yaml_doc *doc, const char *path);

#endif
