/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON: read all the fields, ask once whether they were there.
 *
 *     struct jread object = jread_open(data, "storage object", ERR_INPUT, err);
 *     const char *bucket = jread_str(&object, "bucket");
 *     const char *name = jread_str(&object, "name");
 *     if (!jread_ok(&object))
 *         return false; // err: "storage object: name is missing, want a string"
 *
 * The first field that is missing or of another type writes err, with document and path; later
 * reads are harmless and give "" or 0. Strings and objects are borrowed from the tree. */
#ifndef BASE_JSON_JREAD_H
#define BASE_JSON_JREAD_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Parses a document. NULL and err (with status and `what`) when it is no JSON, holds duplicate
 * keys, or nests deeper than 128. The caller decrefs the tree. A NUL inside a string is refused:
 * our texts end at the first. */
json_t *json_from_bytes(struct bytes text, const char *what, int status, struct err *err);

/* The tree as text, compact, slashes plain, keys in the order they were set. The caller frees. */
char *json_to_text(const json_t *tree);

/* Where reading stands: a JSON object (or, after a failure, nothing). */
struct jread {
    const json_t *here;
    const char *what;           /* names the document in messages; borrowed */
    const struct jread *parent; /* must outlive this one */
    const char *key;            /* where in the parent; NULL in a list */
    size_t index;               /* where in a list */
    int status;
    struct err *err;
};

/* Starts at an object. `what` names the document, status is what its author should see: ERR_INPUT
 * for an event, ERR_UPSTREAM for Google's reply. NULL or another type is the first failure. */
struct jread jread_open(const json_t *tree, const char *what, int status, struct err *err);

/* False once something was missing or mistyped; err then says what. */
bool jread_ok(const struct jread *at);

/* Required fields; null counts as missing. jread_int64 also takes a number as a text, as Google
 * writes them. jread_real takes any number. */
const char *jread_str(struct jread *at, const char *key);
int64_t jread_int64(struct jread *at, const char *key, int64_t low, int64_t high);
double jread_real(struct jread *at, const char *key);
struct jread jread_obj(struct jread *at, const char *key);
struct jread jread_list(struct jread *at, const char *key);

/* Optional fields: the default when missing or null; another type is a failure all the same. */
const char *jread_str_or(struct jread *at, const char *key, const char *fallback);
int64_t jread_int64_or(struct jread *at, const char *key, int64_t low, int64_t high,
                       int64_t fallback);
double jread_real_or(struct jread *at, const char *key, double fallback);
bool jread_bool_or(struct jread *at, const char *key, bool fallback);
struct jread jread_obj_or_empty(struct jread *at, const char *key);
struct jread jread_list_or_empty(struct jread *at, const char *key);

/* Whether the field is there and not null. */
bool jread_has(const struct jread *at, const char *key);

/* The items of a list: how many, the object, list or string at an index. */
size_t jread_count(const struct jread *list);
struct jread jread_item(struct jread *list, size_t index);
struct jread jread_item_list(struct jread *list, size_t index);
const char *jread_item_str(struct jread *list, size_t index);

/* Refuses members of the object that are not among names: "spec.sbscriber is not known; did you
 * mean subscriber?". */
bool jread_only(struct jread *at, const char *const *names, size_t count);

/* Writes a failure about this place: "storage object: spec.name " and what is wrong with it. */
bool jread_fail(struct jread *at, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
