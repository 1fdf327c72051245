/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a request of images:annotate, and as a selection of fields of a response. */
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/api/field_case.h"
#include "gcp-local/api/field_mask.h"
#include "gcp-local/vision/annotate_request.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len)
{
    struct bytes text = {(const char *)data, len};
    struct err none = {0}, err = {0}, refused = {0};
    json_auto_t *tree = json_from_bytes(text, "request body", ERR_INPUT, &none);
    json_auto_t *request = tree ? field_case_to_camel(tree) : json_object();
    OWN(annotate_request) struct annotate_request images = {0};
    annotate_request_read(request, &images, &err);
    OWN(free) char *selection = str_copy_bytes(text);
    field_mask_apply(request, selection, &refused);
    return 0;
}
