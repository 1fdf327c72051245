/* SPDX-License-Identifier: Apache-2.0 */
/* Reads JSON objects: read all fields, then ask once whether they were valid.
 *
 *     struct jread object = jread_open(data, "storage object", ERR_INPUT, err);
 *     const char *bucket = jread_str(&object, "bucket");
 *     const char *name = jread_str(&object, "name");
 *     if (!jread_ok(&object))
 *         return false; // err: "storage object: name is missing, want a string"
 *
 * The first field that is missing or mistyped sets err, with document and path; later reads return
 * "" or 0. Strings and objects are borrowed from the tree. */
#ifndef BASE_JSON_JREAD_H
#define BASE_JSON_JREAD_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Parses a document. NULL and err (with status and `what`) when it is not valid JSON, has duplicate
 * keys, nests deeper than 128 levels, or has a NUL in a string. The caller decrefs the tree. */
json_t *json_from_bytes(struct bytes text, const char *what, int status, struct err *err);

/* The tree as compact text, with keys in the order in which they were set. The caller frees. */
char *json_to_text(const json_t *tree);

/* A position in a document: an object or list, or nothing after a failure. */
struct jread {
    const json_t *here;
    const char *what;           /* names the document in messages; borrowed */
    const struct jread *parent; /* must outlive this one */
    const char *key;            /* in the parent, if that is an object; else NULL */
    size_t index;               /* in the parent, if that is a list */
    int status;
    struct err *err;
};

/* Begins with an object; NULL or another type is a failure. `what` names the document, status says
 * whose fault an error is: ERR_INPUT for an event, ERR_UPSTREAM for Google's reply. */
struct jread jread_open(const json_t *tree, const char *what, int status, struct err *err);

/* False once a read has failed; err says why. */
bool jread_ok(const struct jread *at);

/* Required fields; null counts as missing. jread_int64 also accepts a number in a string, as Google
 * writes them. jread_real accepts any number. */
const char *jread_str(struct jread *at, const char *key);
int64_t jread_int64(struct jread *at, const char *key, int64_t low, int64_t high);
double jread_real(struct jread *at, const char *key);
struct jread jread_obj(struct jread *at, const char *key);
struct jread jread_list(struct jread *at, const char *key);

/* Optional fields: the fallback when missing or null; another type is still a failure. */
const char *jread_str_or(struct jread *at, const char *key, const char *fallback);
int64_t jread_int64_or(struct jread *at, const char *key, int64_t low, int64_t high,
                       int64_t fallback);
double jread_real_or(struct jread *at, const char *key, double fallback);
bool jread_bool_or(struct jread *at, const char *key, bool fallback);
struct jread jread_obj_or_empty(struct jread *at, const char *key);
struct jread jread_list_or_empty(struct jread *at, const char *key);

/* Whether the field exists and is not null. */
bool jread_has(const struct jread *at, const char *key);

/* The items of a list: their number; the object, list or string at an index. */
size_t jread_count(const struct jread *list);
struct jread jread_item(struct jread *list, size_t index);
struct jread jread_item_list(struct jread *list, size_t index);
const char *jread_item_str(struct jread *list, size_t index);

/* Fails when the object has a member that is not in names: "spec.sbscriber is not known; did you
 * mean subscriber?". */
bool jread_only(struct jread *at, const char *const *names, size_t count);

/* Fails because of a field, or with key NULL of the position itself: "storage object: spec.name "
 * and the formatted text. Returns false. */
bool jread_fail(struct jread *at, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
