/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as HTML before and after translation, and as a form. */
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/translate/html.h"
#include "gcp-local/translate/translate_v2.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len)
{
    struct bytes bytes = {(const char *)data, len};
    OWN(free) char *text = str_copy_bytes(bytes);
    OWN(free) char *prepared = html_decode_entities(text);
    OWN(free) char *finished = html_encode_entities(prepared);
    (void)finished;
    struct err err = {0};
    json_auto_t *request = translate_v2_request(bytes, bytes, NULL, &err);
    (void)request;
    return 0;
}
