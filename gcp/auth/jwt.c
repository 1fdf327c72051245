/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and verifies JSON Web Tokens signed with RS256, with nettle. */
#include "gcp/auth/jwt.h"

#include "base/base64.h"
#include "base/str.h"

#include <nettle/bignum.h>
#include <nettle/rsa.h>
#include <string.h>

enum {
    MIN_KEY_BITS = 2048,
    MAX_KEY_BITS = 8192,
    MAX_KEYS = 64,
    MAX_TOKEN_LEN = 16 * 1024,
};

static void own_rsa(struct rsa_public_key *local)
{
    rsa_public_key_clear(local);
}

/* Decodes modulus and exponent. False when they are not a strong RSA key; key must be cleared in
 * any case. */
static bool read_numbers(const struct jwt_key *source, struct rsa_public_key *key)
{
    OWN(buf) struct buf n = {.max = MAX_KEY_BITS / 8 + 1}, e = {.max = MAX_KEY_BITS / 8 + 1};
    if (str_empty(source->n) || !base64_url_decode(bytes_of(source->n), &n) ||
        str_empty(source->e) || !base64_url_decode(bytes_of(source->e), &e))
        return false;
    nettle_mpz_set_str_256_u(key->n, n.len, (const uint8_t *)n.data);
    nettle_mpz_set_str_256_u(key->e, e.len, (const uint8_t *)e.data);
    size_t bits = mpz_sizeinbase(key->n, 2);
    return bits >= MIN_KEY_BITS && bits <= MAX_KEY_BITS && mpz_odd_p(key->n) && mpz_odd_p(key->e) &&
           mpz_cmp_ui(key->e, 1) > 0 && mpz_sizeinbase(key->e, 2) <= 64 &&
           rsa_public_key_prepare(key);
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

bool jwt_key_from_json(const json_t *jwk, struct jwt_key *key)
{
    if (!is_rs256_key(jwk))
        return false;
    OWN(rsa) struct rsa_public_key numbers;
    rsa_public_key_init(&numbers);
    *key = (struct jwt_key){str_copy(text_of(jwk, "kid")), str_copy(text_of(jwk, "n")),
                            str_copy(text_of(jwk, "e"))};
    if (read_numbers(key, &numbers))
        return true;
    jwt_key_done(key);
    return false;
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
        keys->count += jwt_key_from_json(json_array_get(list.here, i), &keys->list[keys->count]);
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
    free(key->n);
    free(key->e);
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

/* True when the key has signed the text before the last dot. */
static bool signature_ok(const struct bytes part[3], const struct jwt_key *key)
{
    OWN(rsa) struct rsa_public_key numbers;
    rsa_public_key_init(&numbers);
    OWN(buf) struct buf signature = {0};
    if (!read_numbers(key, &numbers) || !base64_url_decode(part[2], &signature) ||
        signature.len != numbers.size)
        return false;
    struct sha256_ctx hash;
    sha256_init(&hash);
    sha256_update(&hash, (size_t)(part[2].data - 1 - part[0].data), (const uint8_t *)part[0].data);
    mpz_t number;
    nettle_mpz_init_set_str_256_u(number, signature.len, (const uint8_t *)signature.data);
    bool ok = rsa_sha256_verify(&numbers, &hash, number);
    mpz_clear(number);
    return ok;
}

json_t *jwt_rs256_verify(const char *token, const struct jwt_key *key, struct err *err)
{
    struct bytes part[3];
    if (!split(token, part) || !signature_ok(part, key)) {
        err_set(err, ERR_UNAUTHORIZED, "the token's signature is wrong");
        return NULL;
    }
    return decode_part(part[1], "the token's claims", err);
}
