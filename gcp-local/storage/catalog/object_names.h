/* SPDX-License-Identifier: Apache-2.0 */
/* What buckets and objects may be called, by Google's rules. Pure. */
#ifndef GCP_LOCAL_STORAGE_CATALOG_OBJECT_NAMES_H
#define GCP_LOCAL_STORAGE_CATALOG_OBJECT_NAMES_H

#include "base/err.h"

#include <stdbool.h>

/* 3 to 63 of a-z 0-9 - _ . (222 when dots divide it in such parts), first and last a letter or
 * digit, no address, not goog… */
bool catalog_bucket_name_valid(const char *name);

/* As catalog_bucket_name_valid, with Google's error. */
bool catalog_bucket_name_check(const char *name, struct err *err);

/* 1 to 1024 bytes, no line break, not "." or "..", not .well-known/acme-challenge/… */
bool catalog_object_name_check(const char *name, struct err *err);

#endif
