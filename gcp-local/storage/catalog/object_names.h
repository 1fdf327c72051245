/* SPDX-License-Identifier: Apache-2.0 */
/* Google's rules for the names of buckets and objects. Pure. */
#ifndef GCP_LOCAL_STORAGE_CATALOG_OBJECT_NAMES_H
#define GCP_LOCAL_STORAGE_CATALOG_OBJECT_NAMES_H

#include "base/err.h"

#include <stdbool.h>

/* True for 3 to 63 characters of a-z 0-9 - _ . (up to 222 if dots divide it into parts of at most
 * 63), the first and the last a letter or digit; not an IPv4 address, not goog… */
bool catalog_bucket_name_valid(const char *name);

/* The same, with Google's error. */
bool catalog_bucket_name_check(const char *name, struct err *err);

/* True for 1 to 1024 bytes without a line break, not "." or "..", not
 * .well-known/acme-challenge/… */
bool catalog_object_name_check(const char *name, struct err *err);

#endif
