/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as JSON: what is read as plain must be what jansson reads. */
#include "base/json/json_plain.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    json_auto_t *plain = json_plain_parse((struct bytes){text, size});
    if (!plain)
        return 0;
    json_auto_t *tree = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    char *ours = json_dumps(plain, JSON_ENCODE_ANY), *theirs = json_dumps(tree, JSON_ENCODE_ANY);
    if (!ours || !theirs || strcmp(ours, theirs) != 0)
        __builtin_trap();
    free(ours);
    free(theirs);
    return 0;
}
