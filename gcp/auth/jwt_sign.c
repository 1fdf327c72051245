/* SPDX-License-Identifier: Apache-2.0 */
/* Signs JSON Web Tokens with RS256; the only user of libjwt. Separate from jwt.c, so that a program
 * that only verifies tokens does not load libcrypto. */
#include "gcp/auth/jwt_sign.h"

#include "base/json/jread.h"
#include "base/own.h"
#include "gcp/auth/openssl_own.h"

#include <jwt.h>
#include <openssl/pem.h>
#include <string.h>

enum { MIN_KEY_BITS = 2048 };

static void own_jwt(jwt_t **local)
{
    jwt_free(*local);
}

/* OpenSSL would ask the terminal for the password of an encrypted key. */
static int no_password(char *buf, int size, int writing, void *context)
{
    (void)buf, (void)size, (void)writing, (void)context;
    return 0;
}

bool jwt_sign_key_valid(const char *pem)
{
    OWN(bio) BIO *bio = BIO_new_mem_buf(pem, -1);
    OWN(key) EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    return key && EVP_PKEY_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_bits(key) >= MIN_KEY_BITS;
}

char *jwt_sign(const json_t *claims, const char *kid, const char *pem, struct err *err)
{
    if (!jwt_sign_key_valid(pem)) {
        err_set(err, ERR_INPUT, "the private key is not an RSA key in PEM format");
        return NULL;
    }
    OWN(free) char *text = json_to_text(claims);
    OWN(jwt) jwt_t *jwt = NULL;
    char *token = NULL;
    if (jwt_new(&jwt) == 0 &&
        jwt_set_alg(jwt, JWT_ALG_RS256, (const unsigned char *)pem, (int)strlen(pem)) == 0 &&
        (!kid || jwt_add_header(jwt, "kid", kid) == 0) && jwt_add_grants_json(jwt, text) == 0)
        token = jwt_encode_str(jwt);
    if (!token)
        err_set(err, ERR_INTERNAL, "cannot sign a token: libjwt failed");
    return token;
}
