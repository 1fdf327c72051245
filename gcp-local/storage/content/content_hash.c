/* SPDX-License-Identifier: Apache-2.0 */
/* MD5 and CRC-32C of an object's content, computed piece by piece. */
#include "gcp-local/storage/content/content_hash.h"

#include "base/base64.h"
#include "base/crc32c.h"

#include <openssl/evp.h>
#include <stdlib.h>

static EVP_MD_CTX *md5_of(struct content_hash *hash)
{
    if (!hash->md5) {
        hash->md5 = EVP_MD_CTX_new();
        if (!hash->md5 || !EVP_DigestInit_ex(hash->md5, EVP_md5(), NULL))
            abort(); /* out of memory */
    }
    return hash->md5;
}

void content_hash_add(struct content_hash *hash, struct bytes data)
{
    EVP_DigestUpdate(md5_of(hash), data.data, data.len);
    hash->crc32c = crc32c(hash->crc32c, data);
}

char *content_hash_md5(struct content_hash *hash)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_DigestFinal_ex(md5_of(hash), digest, &len);
    return base64_encode((struct bytes){(const char *)digest, len});
}

void content_hash_done(struct content_hash *hash)
{
    EVP_MD_CTX_free(hash->md5);
    *hash = (struct content_hash){0};
}
