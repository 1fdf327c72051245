/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a token (the first line) and a key set (the rest): no token passes whose form is
 * wrong, and none passes without claims. */
#include "base/str.h"
#include "gcp/auth/jwt.h"
#include "gcp/auth/oidc_claims.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_token(const char *token, const struct jwt_keys *keys)
{
    OWN(free) char *kid = NULL;
    struct err err = {0};
    bool formed = jwt_rs256_parse(token, &kid, &err);
    if (formed != (err.status == 0))
        abort();
    for (size_t i = 0; formed && i < keys->count; i++) {
        struct err failed = {0};
        json_auto_t *claims = jwt_rs256_verify(token, &keys->list[i], &failed);
        if (claims ? !json_is_object(claims) : failed.status != ERR_UNAUTHORIZED)
            abort();
        struct oidc_expected want = {.audience = "a", .now_sec = 1767225600};
        if (claims)
            oidc_claims_check(claims, &want, &failed);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t len = end ? (size_t)(end - data) : size;
    OWN(free) char *token = str_copy_bytes((struct bytes){(const char *)data, len});
    struct bytes set = {(const char *)data + len, size - len};
    OWN(jwt_keys) struct jwt_keys keys = {0};
    struct err err = {0};
    jwt_keys_from_json(set, &keys, &err);
    try_token(token, &keys);
    return 0;
}
