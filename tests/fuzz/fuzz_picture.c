/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a picture: decoded or rejected, never a crash. */
#include "base/own.h"
#include "gcp-local/vision/picture/picture.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len)
{
    struct err err = {0};
    OWN(picture) struct picture picture = {0};
    picture_decode((struct bytes){(const char *)data, len}, 64, &picture, &err);
    return 0;
}
