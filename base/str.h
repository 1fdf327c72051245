/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: created, compared and turned into numbers. Running out of memory aborts, so the only
 * NULL is the one that a contract names; limit what comes from outside before it gets here. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/alloc.h"
#include "base/buf.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* New strings; the caller frees them. str_copy(NULL) is NULL. */
char *str_copy(const char *text);
char *str_copy_bytes(struct bytes bytes);
char *str_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Frees an owned string and replaces it by another, which is taken over. Both may be NULL. */
void str_replace(char **owned, char *text);

bool str_equal(const char *a, const char *b);          /* NULL equals only NULL */
bool str_equal_any_case(const char *a, const char *b); /* of ASCII letters */
bool str_starts(const char *text, const char *prefix);
bool str_starts_any_case(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
bool str_empty(const char *text); /* NULL or "" */
void str_lower(char *text);       /* ASCII, in place */

/* A decimal integer that fills the whole string; a minus sign is allowed when low is negative.
 * False, with value unchanged, for NULL, anything else in the string, or a number that is not
 * within low…high. */
bool str_int(const char *text, int64_t low, int64_t high, int64_t *value);

/* Valid UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing over U+10FFFF. */
bool str_is_utf8(struct bytes text);

/* The name that is most similar to word, for "did you mean"; NULL when none is similar. */
const char *str_nearest(const char *word, const char *const *names, size_t count);

#endif
