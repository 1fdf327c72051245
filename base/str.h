/* SPDX-License-Identifier: Apache-2.0 */
/* Text: made, compared and turned into numbers. Out of memory aborts, so nothing here returns NULL
 * for want of it; cap what comes from outside before it gets here. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/buf.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* malloc and friends that abort instead of failing. The memory of alloc_zeroed is zeroed. */
void *alloc_zeroed(size_t size);
void *alloc_resize(void *old, size_t size);

/* New texts; the caller frees them. str_copy(NULL) is NULL. */
char *str_copy(const char *text);
char *str_copy_bytes(struct bytes bytes);
char *str_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Replaces an owned text by another, which is taken over; old may be NULL. */
void str_replace(char **owned, char *text);

bool str_equal(const char *a, const char *b);          /* NULL equals only NULL */
bool str_equal_any_case(const char *a, const char *b); /* ASCII letters alike */
bool str_starts(const char *text, const char *prefix);
bool str_starts_any_case(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
bool str_empty(const char *text); /* NULL or "" */
void str_lower(char *text);       /* ASCII, in place */

/* Whole-text numbers: no sign, space, or rubbish around them, no overflow. False, and value
 * unchanged, when text is not one within low…high. */
bool str_int(const char *text, int64_t low, int64_t high, int64_t *value);

/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing over U+10FFFF. */
bool str_is_utf8(struct bytes text);

/* The name out of names that is most like word, or NULL when none is near: for "did you mean". */
const char *str_nearest(const char *word, const char *const *names, size_t count);

#endif
