/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a JWT at the token endpoint and in an Authorization header. */
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/token/access_grant.h"
#include "gcp-local/token/assertion.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(free) char *token = str_copy_bytes((struct bytes){(const char *)data, size});
    OWN(assertion) struct assertion assertion = {0}, self = {0};
    OWN(access_grant) struct access_grant grant = {0};
    struct token_secret secret = {{1}};
    struct err err = {0}, self_err = {0}, access_err = {0};
    /* no account exists, so nothing may be accepted */
    if (assertion_read("/nonexistent", token, "localhost", 1700000000, &assertion, &err) ||
        assertion_read_self_signed("/nonexistent", token, "localhost", 1700000000, &self,
                                   &self_err) ||
        access_grant_from_token(&secret, token, 1700000000, &grant, &access_err))
        abort();
    return 0;
}
