/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as relaxed JSON: a value or a refusal, and strict JSON means what it always means. */
#include "base/str.h"
#include "translate/relaxed_json.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    struct err err = {0};
    json_auto_t *relaxed = relaxed_json_parse(text, "text", &err);
    must(relaxed ? err.status == 0 : err.status == ERR_INPUT);

    /* what it read, written strictly, reads the same */
    OWN(free) char *strict = relaxed ? json_dumps(relaxed, JSON_ENCODE_ANY) : NULL;
    if (strict) {
        json_auto_t *again = relaxed_json_parse(bytes_of(strict), "text", &err);
        must(again && json_equal(again, relaxed));
    }
    return 0;
}
