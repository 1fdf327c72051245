/* MD5 and CRC-32C of an object's content, taken while it passes by. */
#ifndef GCP_LOCAL_STORAGE_CONTENT_CONTENT_HASH_H
#define GCP_LOCAL_STORAGE_CONTENT_CONTENT_HASH_H

#include "base/buf.h"

#include <stdint.h>

/* All zero is the hash of nothing. */
struct hash {
    void *md5; /* OpenSSL's; owned */
    uint32_t crc32c;
};

void hash_add(struct hash *hash, struct bytes data);

/* Base64 of the MD5 of all that was added. The caller frees. Ends the MD5. */
char *hash_md5(struct hash *hash);

void hash_done(struct hash *hash);

static inline void own_hash(struct hash *local)
{
    hash_done(local);
}

#endif
