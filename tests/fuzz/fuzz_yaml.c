/* SPDX-License-Identifier: Apache-2.0 */
/* YAML of any bytes: read or refused, never a crash; what is read can be written as JSON. */
#include "base/json/jread.h"
#include "base/str.h"
#include "base/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    bool read = yaml_read((struct bytes){(const char *)data, size}, "fuzz", &docs, &err);
    if (read != (err.status == 0))
        abort();
    for (size_t i = 0; i < docs.count; i++) {
        OWN(free) char *text = json_to_text(docs.list[i].tree);
        if (!text || yaml_line(&docs.list[i], "spec.template[0].x") == 0)
            abort();
    }
    return 0;
}
