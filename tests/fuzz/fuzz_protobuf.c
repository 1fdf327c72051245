/* SPDX-License-Identifier: Apache-2.0 */
/* Kubernetes objects in protobuf, of any bytes: an object or an error. */
#include "base/str.h"
#include "kn-local/api/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    json_auto_t *object = protobuf_decode((struct bytes){(const char *)data, size}, &err);
    if (!object != (err.status != 0))
        abort();
    return 0;
}
