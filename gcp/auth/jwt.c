/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Web Tokens signed with RS256. Wraps libjwt. */
#include "gcp/auth/jwt.h"

#include "base/base64.h"
#include "base/str.h"

#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <string.h>

enum {
    MIN_KEY_BITS = 2048,
    MAX_KEY_BITS = 8192,
    MAX_KEYS = 64,
    MAX_TOKEN_LEN = 16 * 1024,
};

static void own_bio(BIO **local)
{
    BIO_free_all(*local);
}

static void own_key(EVP_PKEY **local)
{
    EVP_PKEY_free(*local);
}

static void own_bn(BIGNUM **local)
{
    BN_free(*local);
}

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

bool jwt_rs256_key_valid(const char *pem)
{
    OWN(bio) BIO *bio = BIO_new_mem_buf(pem, -1);
    OWN(key) EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    return key && EVP_PKEY_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_bits(key) >= MIN_KEY_BITS;
}

char *jwt_rs256_sign(const json_t *claims, const char *kid, const char *pem, struct err *err)
{
    if (!jwt_rs256_key_valid(pem)) {
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

static BIGNUM *number_from_base64url(const char *text)
{
    OWN(buf) struct buf bytes = {.max = MAX_KEY_BITS / 8 + 1};
    if (str_empty(text) || !base64_url_decode(bytes_of(text), &bytes))
        return NULL;
    return BN_bin2bn((const unsigned char *)bytes.data, (int)bytes.len, NULL);
}

static EVP_PKEY *key_from_params(OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (context && EVP_PKEY_fromdata_init(context) == 1)
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *key_from_numbers(const BIGNUM *n, const BIGNUM *e)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
        params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY *key = params ? key_from_params(params) : NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    return key;
}

/* The key of modulus and exponent as PEM; NULL when they are not a strong RSA key. The caller
 * frees. */
static char *pem_from_numbers(const char *modulus, const char *exponent)
{
    OWN(bn) BIGNUM *n = number_from_base64url(modulus);
    OWN(bn) BIGNUM *e = number_from_base64url(exponent);
    if (!n || !e || BN_num_bits(n) < MIN_KEY_BITS || BN_num_bits(n) > MAX_KEY_BITS ||
        !BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > 64)
        return NULL;

    OWN(key) EVP_PKEY *key = key_from_numbers(n, e);
    OWN(bio) BIO *bio = BIO_new(BIO_s_mem());
    if (!key || !bio || PEM_write_bio_PUBKEY(bio, key) != 1)
        return NULL;
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    return str_copy_bytes((struct bytes){data, (size_t)len});
}

/* NULL for a member that is missing or not a string. */
static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static bool is_rs256_key(const json_t *jwk)
{
    const char *use = text_of(jwk, "use"), *alg = text_of(jwk, "alg");
    return str_equal(text_of(jwk, "kty"), "RSA") && (!use || str_equal(use, "sig")) &&
           (!alg || str_equal(alg, "RS256")) && !str_empty(text_of(jwk, "kid"));
}

static void add_key(struct jwt_keys *keys, const json_t *jwk)
{
    if (!is_rs256_key(jwk))
        return;
    char *pem = pem_from_numbers(text_of(jwk, "n"), text_of(jwk, "e"));
    if (pem)
        keys->list[keys->count++] = (struct jwt_key){str_copy(text_of(jwk, "kid")), pem};
}

bool jwt_keys_from_json(struct bytes text, struct jwt_keys *keys, struct err *err)
{
    json_auto_t *tree = json_from_bytes(text, "key set", ERR_UPSTREAM, err);
    if (!tree)
        return false;
    struct jread reader = jread_open(tree, "key set", ERR_UPSTREAM, err);
    struct jread list = jread_list(&reader, "keys");
    size_t count = jread_count(&list);
    if (count > MAX_KEYS)
        jread_fail(&list, NULL, "has over %d keys", MAX_KEYS);
    if (!jread_ok(&reader))
        return false;
    keys->list = alloc_zeroed(count * sizeof(keys->list[0]));
    for (size_t i = 0; i < count; i++)
        add_key(keys, json_array_get(list.here, i));
    return true;
}

const struct jwt_key *jwt_keys_find(const struct jwt_keys *keys, const char *kid)
{
    for (size_t i = 0; i < keys->count; i++)
        if (str_equal(keys->list[i].kid, kid))
            return &keys->list[i];
    return NULL;
}

void jwt_key_done(struct jwt_key *key)
{
    free(key->kid);
    free(key->pem);
    *key = (struct jwt_key){0};
}

void jwt_keys_done(struct jwt_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        jwt_key_done(&keys->list[i]);
    free(keys->list);
    *keys = (struct jwt_keys){0};
}

/* Splits at the dots; false unless there are three parts. */
static bool split(const char *token, struct bytes part[3])
{
    for (int i = 0; i < 3; i++) {
        size_t len = strcspn(token, ".");
        part[i] = (struct bytes){token, len};
        token += len;
        if ((len == 0 && i < 2) || (*token == '.') != (i < 2))
            return false;
        token += *token == '.';
    }
    return true;
}

/* Decodes a part that must be a JSON object. New reference, or NULL and err. */
static json_t *decode_part(struct bytes part, const char *what, struct err *err)
{
    OWN(buf) struct buf text = {0};
    if (!base64_url_decode(part, &text)) {
        err_set(err, ERR_UNAUTHORIZED, "%s: is not unpadded base64url", what);
        return NULL;
    }
    json_t *tree = json_from_bytes(buf_bytes(&text), what, ERR_UNAUTHORIZED, err);
    if (tree && !json_is_object(tree)) {
        json_decref(tree);
        err_set(err, ERR_UNAUTHORIZED, "%s: is not a JSON object", what);
        return NULL;
    }
    return tree;
}

bool jwt_rs256_parse(const char *token, char **kid, struct err *err)
{
    struct bytes part[3];
    if (strlen(token) > MAX_TOKEN_LEN || !split(token, part))
        return err_set(err, ERR_UNAUTHORIZED, "the token does not have three parts");
    json_auto_t *header = decode_part(part[0], "the token's header", err);
    if (!header)
        return false;
    json_auto_t *claims = decode_part(part[1], "the token's claims", err);
    if (!claims)
        return false;
    OWN(buf) struct buf signature = {0};
    if (!base64_url_decode(part[2], &signature))
        return err_set(err, ERR_UNAUTHORIZED, "the token's signature is not unpadded base64url");

    struct jread reader = jread_open(header, "the token's header", ERR_UNAUTHORIZED, err);
    if (!str_equal(jread_str(&reader, "alg"), "RS256"))
        jread_fail(&reader, "alg", "is not RS256");
    if (json_object_get(header, "crit"))
        jread_fail(&reader, "crit", "is not supported");
    const char *name = jread_str_or(&reader, "kid", NULL);
    if (!jread_ok(&reader))
        return false;
    *kid = str_copy(name);
    return true;
}

char *jwt_rs256_kid(const char *token, struct err *err)
{
    char *kid = NULL;
    if (jwt_rs256_parse(token, &kid, err) && !kid)
        err_set(err, ERR_UNAUTHORIZED, "the token's header: kid is missing, want a string");
    return kid;
}

json_t *jwt_rs256_verify(const char *token, const struct jwt_key *key, struct err *err)
{
    struct bytes part[3];
    OWN(jwt) jwt_t *jwt = NULL;
    const unsigned char *pem = (const unsigned char *)key->pem;
    /* libjwt takes the algorithm from the token. jwt_rs256_parse has checked it; otherwise a token
     * signed by HS256 with the public key as the secret would be accepted. */
    if (!split(token, part) || jwt_decode(&jwt, token, pem, (int)strlen(key->pem)) != 0 ||
        jwt_get_alg(jwt) != JWT_ALG_RS256) {
        err_set(err, ERR_UNAUTHORIZED, "the token's signature is wrong");
        return NULL;
    }
    return decode_part(part[1], "the token's claims", err);
}
