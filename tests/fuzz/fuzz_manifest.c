/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests of any bytes, applied to a store: objects or errors with a file and line. */
#include "base/str.h"
#include "kn-local/manifests/manifests.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void done(const char *line, void *context)
{
    (void)line, (void)context;
}

static void failed(const char *line, void *context)
{
    (void)context;
    if (!str_starts(line, "fuzz.yaml:"))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct manifest_listener listener = {done, failed, NULL};
    struct err err = {0};
    OWN(object_store) struct object_store *objects = object_store_open(NULL, &err);
    struct bytes text = {(const char *)data, size};
    manifests_apply_text(objects, "fuzz.yaml", text, &listener);
    manifests_apply_text(objects, "fuzz.yaml", text, &listener);
    return 0;
}
