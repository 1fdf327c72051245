/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials files for tests. */
#include "tests/helpers/key_files.h"

#include "base/str.h"
#include "tests/helpers/keys.h"

#include <string.h>

char *key_file(const char *token_uri, const char *more)
{
    json_auto_t *file = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s}", "type", "service_account", "project_id", "key-project",
        "private_key_id", "key-0", "private_key", test_key(0), "client_email",
        "robot@key-project.iam.gserviceaccount.com", "token_uri", token_uri);
    OWN(free) char *text = json_to_text(file);
    text[strlen(text) - 1] = '\0';
    return str_format("%s%s}", text, more);
}

bool read_key_file(const char *text, struct credentials *credentials, struct err *err)
{
    return credentials_json_parse(bytes_of(text), "/keys/k.json", credentials, err);
}
