/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a credentials file: read, or refused naming the file. */
#include "base/str.h"
#include "gcp/auth/credentials.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(credentials) struct credentials credentials = {0};
    struct err err = {0};
    struct bytes text = {(const char *)data, size};
    bool read = credentials_json_parse(text, "/k.json", &credentials, &err);
    if (read ? credentials.type == CREDENTIALS_NONE
             : err.status != ERR_INPUT || !str_starts(err.text, "/k.json: "))
        abort();
    return 0;
}
