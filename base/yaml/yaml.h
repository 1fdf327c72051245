/* SPDX-License-Identifier: Apache-2.0 */
/* Reads YAML as JSON trees, with libyaml: YAML 1.2's core types (yes, no, on and off are strings),
 * anchors and merge keys, several documents. */
#ifndef BASE_YAML_YAML_H
#define BASE_YAML_YAML_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A document and the lines of its parts. All zero is empty. */
struct yaml_doc {
    json_t *tree;            /* owned; an empty document is JSON's null */
    size_t line;             /* of its start, from 1 */
    struct yaml_mark *marks; /* private */
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

/* Reads all documents of a text. On failure docs has those before the invalid one, and err says
 * "WHAT:LINE: …" (ERR_INPUT). Duplicate keys, tabs as indentation, unknown tags, NUL characters,
 * more than 100 levels, and more than 200,000 values, with those that aliases repeat, are errors.
 */
bool yaml_read(struct bytes text, const char *what, struct yaml_docs *docs, struct err *err);

/* The length of a UTF-8 byte order mark at the start of text, or 0. */
size_t yaml_bom_len(struct bytes text);

/* The line of the value at a path such as "spec.containers[0].image", or of its nearest parent that
 * exists. */
size_t yaml_line(const struct yaml_doc *doc, const char *path);

#endif
