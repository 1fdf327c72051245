/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys, generated once per run, and tokens signed with them. */
#include "tests/helpers/keys.h"

#include "base/base64.h"
#include "base/str.h"
#include "tests/helpers/test.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

enum { KEYS = 2 };

static EVP_PKEY *keys[KEYS];
static char *pems[KEYS];

static char *text_of(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    char *text = str_copy_bytes((struct bytes){data, (size_t)len});
    BIO_free(bio);
    return text;
}

static EVP_PKEY *key_of(int number)
{
    if (!keys[number])
        keys[number] = EVP_RSA_gen(2048);
    assert_non_null(keys[number]);
    return keys[number];
}

__attribute__((destructor)) static void free_keys(void)
{
    for (int i = 0; i < KEYS; i++) {
        EVP_PKEY_free(keys[i]);
        free(pems[i]);
    }
}

const char *test_key(int number)
{
    if (!pems[number]) {
        BIO *bio = BIO_new(BIO_s_mem());
        PEM_write_bio_PrivateKey(bio, key_of(number), NULL, NULL, 0, NULL, NULL);
        pems[number] = text_of(bio);
    }
    return pems[number];
}

/* n or e of the key, encoded as in a JWK. */
static char *number_of(EVP_PKEY *key, const char *name)
{
    BIGNUM *value = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &value), 1);
    unsigned char bytes[512];
    int len = BN_bn2bin(value, bytes);
    BN_free(value);
    return base64_url_encode((struct bytes){(const char *)bytes, (size_t)len});
}

char *test_jwks(const char *numbers)
{
    OWN(buf) struct buf text = {0};
    buf_add_text(&text, "{\"keys\":[");
    for (const char *n = numbers; *n; n++) {
        EVP_PKEY *key = key_of(*n - '0');
        OWN(free) char *modulus = number_of(key, OSSL_PKEY_PARAM_RSA_N);
        OWN(free) char *exponent = number_of(key, OSSL_PKEY_PARAM_RSA_E);
        buf_add_format(&text,
                       "%s{\"kty\":\"RSA\",\"alg\":\"RS256\",\"use\":\"sig\",\"kid\":\"key-%c\","
                       "\"n\":\"%s\",\"e\":\"%s\"}",
                       n == numbers ? "" : ",", *n, modulus, exponent);
    }
    buf_add_text(&text, "]}");
    return buf_take(&text);
}

/* "header.claims" in base64url. */
static char *signing_input(const char *header, const char *claims)
{
    OWN(free) char *first = base64_url_encode(bytes_of(header));
    OWN(free) char *second = base64_url_encode(bytes_of(claims));
    return str_format("%s.%s", first, second);
}

static char *join(const char *input, const unsigned char *signature, size_t len)
{
    OWN(free) char *third = base64_url_encode((struct bytes){(const char *)signature, len});
    return str_format("%s.%s", input, third);
}

char *test_token(const char *header, const char *claims, int key)
{
    OWN(free) char *input = signing_input(header, claims);
    if (key < 0)
        return str_format("%s.", input);
    unsigned char signature[512];
    size_t len = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key_of(key)), 1);
    assert_int_equal(
        EVP_DigestSign(context, signature, &len, (const unsigned char *)input, strlen(input)), 1);
    EVP_MD_CTX_free(context);
    return join(input, signature, len);
}

char *test_token_hmac(const char *header, const char *claims, int key)
{
    OWN(free) char *input = signing_input(header, claims);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, key_of(key));
    OWN(free) char *pem = text_of(bio);
    unsigned char mac[64];
    unsigned len = 0;
    HMAC(EVP_sha256(), pem, (int)strlen(pem), (const unsigned char *)input, strlen(input), mac,
         &len);
    return join(input, mac, len);
}
