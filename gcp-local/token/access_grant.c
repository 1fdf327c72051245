/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens: opaque to clients, and verified without being stored. */
#include "gcp-local/token/access_grant.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

enum { MAC_BYTES = 32, MAX_TOKEN = 8192 };

/* As Google's tokens begin; some clients check it. */
static const char prefix[] = "ya29.";

static const char cloud_platform[] = "https://www.googleapis.com/auth/cloud-platform";

void access_grant_done(struct access_grant *grant)
{
    free(grant->email);
    free(grant->scope);
    *grant = (struct access_grant){0};
}

static bool make_secret(const char *path, struct token_secret *secret, struct err *err)
{
    if (RAND_bytes(secret->bytes, TOKEN_SECRET_BYTES) != 1)
        return err_set(err, ERR_INTERNAL, "OpenSSL cannot provide random numbers");
    return file_write(path, 0600, (struct bytes){(const char *)secret->bytes, TOKEN_SECRET_BYTES},
                      err);
}

bool token_secret_open(const char *path, struct token_secret *secret, struct err *err)
{
    OWN(buf) struct buf text = {.max = TOKEN_SECRET_BYTES};
    struct err unread = {0};
    if (!file_read(path, &text, &unread) || text.len != TOKEN_SECRET_BYTES)
        return make_secret(path, secret, err);
    memcpy(secret->bytes, text.data, TOKEN_SECRET_BYTES);
    return true;
}

/* The HMAC of a token's payload. The caller frees. */
static char *mac_of(const struct token_secret *secret, struct bytes text)
{
    unsigned char mac[MAC_BYTES];
    if (!HMAC(EVP_sha256(), secret->bytes, TOKEN_SECRET_BYTES, (const unsigned char *)text.data,
              text.len, mac, NULL))
        abort(); /* out of memory */
    return base64_url_encode((struct bytes){(const char *)mac, MAC_BYTES});
}

char *access_grant_to_token(const struct token_secret *secret, const struct access_grant *grant)
{
    unsigned char noise[6]; /* makes each token unique */
    if (RAND_bytes(noise, sizeof(noise)) != 1)
        memset(noise, 0, sizeof(noise));
    OWN(free) char *unique = base64_url_encode((struct bytes){(const char *)noise, sizeof(noise)});
    json_auto_t *tree =
        json_pack("{s:s, s:s, s:I, s:s}", "email", grant->email, "scope", grant->scope, "exp",
                  (json_int_t)grant->expires_sec, "unique", unique);
    OWN(free) char *text = json_to_text(tree);
    OWN(free) char *payload = base64_url_encode(bytes_of(text));
    OWN(free) char *mac = mac_of(secret, bytes_of(payload));
    return str_format("%s%s.%s", prefix, payload, mac);
}

/* Decodes the payload. False when the token was not made with this secret. */
static bool read_payload(const struct token_secret *secret, const char *token, struct buf *payload)
{
    if (!str_starts(token, prefix) || strlen(token) > MAX_TOKEN)
        return false;
    token += strlen(prefix);
    const char *dot = strchr(token, '.');
    if (!dot)
        return false;
    struct bytes text = {token, (size_t)(dot - token)};
    OWN(free) char *mac = mac_of(secret, text);
    return strlen(dot + 1) == strlen(mac) && CRYPTO_memcmp(dot + 1, mac, strlen(mac)) == 0 &&
           base64_url_decode(text, payload);
}

bool access_grant_from_token(const struct token_secret *secret, const char *token, int64_t now_sec,
                             struct access_grant *grant, struct err *err)
{
    OWN(buf) struct buf payload = {0};
    if (!read_payload(secret, token, &payload))
        return err_set_reason(err, ERR_UNAUTHORIZED, "ACCESS_TOKEN_TYPE_UNSUPPORTED",
                              "this is not an access token of gcp-local");
    json_auto_t *tree = json_from_bytes(buf_bytes(&payload), "token", ERR_UNAUTHORIZED, err);
    if (!tree)
        return false;
    struct jread reader = jread_open(tree, "token", ERR_UNAUTHORIZED, err);
    const char *email = jread_str(&reader, "email");
    const char *scope = jread_str(&reader, "scope");
    int64_t expires_sec = jread_int64(&reader, "exp", 0, INT64_MAX);
    if (!jread_ok(&reader))
        return false;
    if (expires_sec <= now_sec)
        return err_set_reason(err, ERR_UNAUTHORIZED, "ACCESS_TOKEN_EXPIRED",
                              "the access token has expired");
    *grant = (struct access_grant){str_copy(email), str_copy(scope), expires_sec};
    return true;
}

/* True if a list separated by spaces contains this word. */
static bool contains(const char *list, struct bytes word)
{
    while (*list) {
        size_t len = strcspn(list, " ");
        if (bytes_equal((struct bytes){list, len}, word))
            return true;
        list += len;
        list += strspn(list, " ");
    }
    return false;
}

bool access_grant_covers(const struct access_grant *grant, const char *scopes)
{
    if (contains(grant->scope, bytes_of(cloud_platform)))
        return true;
    while (*scopes) {
        size_t len = strcspn(scopes, " ");
        if (len && contains(grant->scope, (struct bytes){scopes, len}))
            return true;
        scopes += len;
        scopes += strspn(scopes, " ");
    }
    return false;
}
