/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local's own key: it signs ID tokens in Google's place. */
#include "gcp-local/token/signer.h"

#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/token/account.h"
#include "gcp-local/token/rsa_key.h"
#include "gcp/auth/jwt.h"
#include "gcp/auth/jwt_sign.h"

#include <pthread.h>

enum { MAX_PEM = 16384, LIFETIME_SEC = 3600 };

struct signer {
    char *path;
    pthread_mutex_t lock; /* guards what follows until the key is loaded; then it is immutable */
    char *private_pem;    /* NULL until the key is loaded */
    char *public_pem;
    struct jwt_key public;
};

struct signer *signer_open(const char *path)
{
    struct signer *signer = alloc_zeroed(sizeof(*signer));
    signer->path = str_copy(path);
    pthread_mutex_init(&signer->lock, NULL);
    return signer;
}

void signer_close(struct signer *signer)
{
    if (!signer)
        return;
    pthread_mutex_destroy(&signer->lock);
    free(signer->path);
    free(signer->private_pem);
    free(signer->public_pem);
    jwt_key_done(&signer->public);
    free(signer);
}

/* Reads the private key from the file, or generates and writes it. The caller frees. */
static char *read_or_generate(const char *path, struct err *err)
{
    OWN(buf) struct buf text = {.max = MAX_PEM};
    struct err unread = {0};
    if (file_read(path, &text, &unread) && text.len && jwt_sign_key_valid(text.data))
        return buf_take(&text);
    OWN(free) char *pem = rsa_key_generate(err);
    return pem && file_write(path, 0600, bytes_of(pem), err) ? move_ptr(&pem) : NULL;
}

static bool load(struct signer *signer, struct err *err)
{
    OWN(free) char *private_pem = read_or_generate(signer->path, err);
    if (!private_pem)
        return false;
    OWN(free) char *public_pem = rsa_key_public_pem(private_pem, err);
    if (!public_pem)
        return false;
    OWN(free) char *kid = rsa_key_id(public_pem);
    json_auto_t *jwk = rsa_key_to_jwk(public_pem, kid);
    if (!jwt_key_from_json(jwk, &signer->public))
        return err_set(err, ERR_INTERNAL, "%s holds a key that cannot be used", signer->path);
    signer->public_pem = move_ptr(&public_pem);
    signer->private_pem = move_ptr(&private_pem);
    return true;
}

static bool ensure_loaded(struct signer *signer, struct err *err)
{
    pthread_mutex_lock(&signer->lock);
    bool ok = signer->private_pem || load(signer, err);
    pthread_mutex_unlock(&signer->lock);
    return ok;
}

char *signer_jwt(struct signer *signer, const json_t *claims, struct err *err)
{
    return ensure_loaded(signer, err)
               ? jwt_sign(claims, signer->public.kid, signer->private_pem, err)
               : NULL;
}

char *signer_id_token(struct signer *signer, const char *email, const char *audience,
                      struct err *err)
{
    char id[22];
    account_unique_id(email, id);
    int64_t now = timestamp_now_ns() / NS_PER_SEC;
    json_auto_t *claims =
        json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:s, s:s}", "aud", audience, "azp", id, "email",
                  email, "email_verified", 1, "exp", (json_int_t)(now + LIFETIME_SEC), "iat",
                  (json_int_t)now, "iss", "https://accounts.google.com", "sub", id);
    if (claims)
        return signer_jwt(signer, claims, err);
    err_set(err, ERR_INPUT, "the audience is not UTF-8");
    return NULL;
}

bool signer_sign(struct signer *signer, struct bytes data, struct buf *out, struct err *err)
{
    return ensure_loaded(signer, err) && rsa_key_sign(signer->private_pem, data, out, err);
}

json_t *signer_verify(struct signer *signer, const char *token, struct err *err)
{
    OWN(free) char *kid = NULL;
    if (!ensure_loaded(signer, err) || !jwt_rs256_parse(token, &kid, err))
        return NULL;
    if (str_equal(kid, signer->public.kid))
        return jwt_rs256_verify(token, &signer->public, err);
    err_set(err, ERR_UNAUTHORIZED, "the token was signed with another key");
    return NULL;
}

const char *signer_kid(struct signer *signer, struct err *err)
{
    return ensure_loaded(signer, err) ? signer->public.kid : NULL;
}

json_t *signer_key_set(struct signer *signer, struct err *err)
{
    if (!ensure_loaded(signer, err))
        return NULL;
    return json_pack("{s:[o]}", "keys", rsa_key_to_jwk(signer->public_pem, signer->public.kid));
}
