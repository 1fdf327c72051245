/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a: a hash for names and checksums; not for secrets, and not against an attacker. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/bytes.h"

#include <stdint.h>

/* The hash of nothing, to begin with. */
#define HASH_EMPTY UINT64_C(14695981039346656037)

/* Continues a hash with a string, or with bytes: hash_text(hash_text(HASH_EMPTY, a), b) is the hash
 * of a followed by b. */
uint64_t hash_text(uint64_t hash, const char *text);
uint64_t hash_bytes(uint64_t hash, struct bytes bytes);

/* The 32-bit FNV-1a of a string. */
uint32_t hash_text32(const char *text);

#endif
