/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's types for OWN. */
#ifndef GCP_AUTH_OPENSSL_OWN_H
#define GCP_AUTH_OPENSSL_OWN_H

#include "base/own.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>

static inline void own_bio(BIO **local)
{
    BIO_free_all(*local);
}

static inline void own_key(EVP_PKEY **local)
{
    EVP_PKEY_free(*local);
}

static inline void own_bn(BIGNUM **local)
{
    BN_free(*local);
}

#endif
