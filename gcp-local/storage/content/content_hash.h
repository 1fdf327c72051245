/* SPDX-License-Identifier: Apache-2.0 */
/* MD5 and CRC-32C of an object's content, computed piece by piece. */
#ifndef GCP_LOCAL_STORAGE_CONTENT_CONTENT_HASH_H
#define GCP_LOCAL_STORAGE_CONTENT_CONTENT_HASH_H

#include "base/buf.h"

#include <stdint.h>

/* All zero is the hash of empty content. */
struct content_hash {
    void *md5; /* OpenSSL's; owned */
    uint32_t crc32c;
};

void content_hash_add(struct content_hash *hash, struct bytes data);

/* The MD5 in base64. The caller frees. Nothing can be added afterwards. */
char *content_hash_md5(struct content_hash *hash);

void content_hash_done(struct content_hash *hash);

static inline void own_content_hash(struct content_hash *local)
{
    content_hash_done(local);
}

#endif
