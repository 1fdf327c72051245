/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests of any bytes, rewritten: done twice nothing more changes, and errors have a place. */
#include "base/str.h"
#include "base/yaml/yaml.h"
#include "kn-local/migrate/convert.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *line, void *context)
{
    (void)context;
    if (!str_starts(line, "fuzz.yaml:"))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    OWN(buf) struct buf once = {0};
    OWN(buf) struct buf twice = {0};
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    if (convert_text("fuzz.yaml", text, &once, check_line, NULL) > 0)
        return 0;
    if (!yaml_read(buf_bytes(&once), "fuzz.yaml", &docs, &err) ||
        convert_text("fuzz.yaml", buf_bytes(&once), &twice, check_line, NULL) > 0 ||
        !bytes_equal(buf_bytes(&once), buf_bytes(&twice)))
        abort();
    return 0;
}
