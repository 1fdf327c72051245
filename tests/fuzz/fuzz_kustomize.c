/* SPDX-License-Identifier: Apache-2.0 */
/* A kustomization of any bytes beside a base and a patch: objects, or an error with file and line;
 * what is rendered can be read again. */
#include "base/file.h"
#include "base/str.h"
#include "kn-local/manifests/kustomize.h"
#include "kn-local/manifests/manifests.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/fuzz-kustomize-XXXXXX";

static void put(const char *name, struct bytes text)
{
    struct err err = {0};
    OWN(free) char *path = str_format("%s/%s", folder, name);
    if (!file_write_unsynced(path, 0600, text, &err))
        abort();
}

static void clear(void)
{
    struct err err = {0};
    file_remove_tree(folder, &err);
}

static void fill(void)
{
    struct err err = {0};
    OWN(free) char *base = NULL;
    if (!mkdtemp(folder) || !file_make_dirs(base = str_format("%s/base", folder), &err))
        abort();
    atexit(clear);
    put("base/kustomization.yaml", bytes_of("resources: [o.yaml]\n"));
    put("base/o.yaml", bytes_of("apiVersion: serving.knative.dev/v1\nkind: Service\n"
                                "metadata: {name: s, labels: {a: b}}\n"
                                "spec: {template: {spec: {containers: [{image: i:v1}]}}}\n"));
    put("p.yaml", bytes_of("- {op: add, path: /metadata/labels/c, value: d}\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready = false;
    if (!ready)
        fill();
    ready = true;
    put("kustomization.yaml", (struct bytes){(const char *)data, size});
    OWN(buf) struct buf text = {0};
    OWN(yaml_docs) struct yaml_docs again = {0};
    struct err err = {0};
    if (!manifests_render(folder, &text, &err)) {
        if (!str_starts(err.text, folder))
            abort();
    } else if (!yaml_read(buf_bytes(&text), "again", &again, &err)) {
        abort();
    }
    return 0;
}
