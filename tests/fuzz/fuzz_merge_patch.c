/* SPDX-License-Identifier: Apache-2.0 */
/* Patches of any shape on an object: a result or an error, never a crash. The input is a JSON list:
 * target, patch. */
#include "base/json/jread.h"
#include "base/str.h"
#include "kn-local/api/json_patch.h"
#include "kn-local/api/managed_fields.h"
#include "kn-local/api/merge_patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    json_auto_t *pair =
        json_from_bytes((struct bytes){(const char *)data, size}, "fuzz", ERR_INPUT, &err);
    const json_t *target = json_array_get(pair, 0);
    const json_t *patch = json_array_get(pair, 1);
    if (!json_is_object(target) || !patch)
        return 0;
    struct err errors[3] = {0};
    json_auto_t *merged = merge_patch_apply(target, patch);
    json_auto_t *strategic = merge_patch_apply_strategic(target, patch, &errors[0]);
    json_auto_t *operations = json_patch_apply(target, patch, &errors[1]);
    json_auto_t *applied = json_is_object(patch)
                               ? managed_fields_apply(target, patch, "fuzz", false, &errors[2])
                               : NULL;
    if (applied && !json_is_object(applied))
        abort();
    if (!merged || !strategic != (errors[0].status != 0) || !operations != (errors[1].status != 0))
        abort();
    return 0;
}
