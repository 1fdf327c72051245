/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys in PEM. */
#include "gcp-local/token/rsa_key.h"

#include "base/base64.h"
#include "base/str.h"
#include "gcp/auth/openssl_own.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

enum { KEY_BITS = 2048, MAX_BYTES = 1024 };

static void own_md(EVP_MD_CTX **local)
{
    EVP_MD_CTX_free(*local);
}

static char *text_of(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    return str_copy_bytes((struct bytes){data, (size_t)len});
}

char *rsa_key_generate(struct err *err)
{
    OWN(key) EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);
    OWN(bio) BIO *bio = BIO_new(BIO_s_mem());
    if (key && bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
        return text_of(bio);
    err_set(err, ERR_INTERNAL, "cannot make an RSA key");
    return NULL;
}

static EVP_PKEY *private_key(const char *pem)
{
    OWN(bio) BIO *bio = BIO_new_mem_buf(pem, -1);
    return bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
}

static EVP_PKEY *public_key(const char *pem)
{
    OWN(bio) BIO *bio = BIO_new_mem_buf(pem, -1);
    return bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
}

char *rsa_key_public_pem(const char *private_pem, struct err *err)
{
    OWN(key) EVP_PKEY *key = private_key(private_pem);
    OWN(bio) BIO *bio = BIO_new(BIO_s_mem());
    if (key && bio && PEM_write_bio_PUBKEY(bio, key))
        return text_of(bio);
    err_set(err, ERR_INPUT, "the private key is not an RSA key in PEM format");
    return NULL;
}

static char *number(const EVP_PKEY *key, const char *name)
{
    OWN(bn) BIGNUM *value = NULL;
    unsigned char bytes[MAX_BYTES];
    if (!EVP_PKEY_get_bn_param(key, name, &value) || BN_num_bytes(value) > MAX_BYTES)
        return NULL;
    int len = BN_bn2bin(value, bytes);
    return base64_url_encode((struct bytes){(const char *)bytes, (size_t)len});
}

json_t *rsa_key_to_jwk(const char *public_pem, const char *kid)
{
    OWN(key) EVP_PKEY *key = public_key(public_pem);
    OWN(free) char *n = key ? number(key, OSSL_PKEY_PARAM_RSA_N) : NULL;
    OWN(free) char *e = key ? number(key, OSSL_PKEY_PARAM_RSA_E) : NULL;
    if (!n || !e)
        return NULL;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kty", "RSA", "alg", "RS256", "use", "sig",
                     "kid", kid, "n", n, "e", e);
}

bool rsa_key_sign(const char *private_pem, struct bytes data, struct buf *out, struct err *err)
{
    OWN(key) EVP_PKEY *key = private_key(private_pem);
    OWN(md) EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = MAX_BYTES;
    char *signature = buf_reserve(out, len);
    if (!key || !context || !signature ||
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(context, (unsigned char *)signature, &len, (const unsigned char *)data.data,
                       data.len) != 1)
        return err_set(err, ERR_INTERNAL, "cannot sign: OpenSSL failed");
    out->len += len;
    return true;
}

char *rsa_key_id(const char *public_pem)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct bytes text = bytes_of(public_pem);
    SHA256((const unsigned char *)text.data, text.len, digest);
    OWN(buf) struct buf hex = {0};
    for (size_t i = 0; i < 20; i++)
        buf_add_format(&hex, "%02x", digest[i]);
    return buf_take(&hex);
}
