/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a filter: never a crash, and what is accepted decides the same way twice. */
#include "base/str.h"
#include "gcp-local/pubsub/engine/filter.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(free) char *text = str_copy_bytes((struct bytes){(const char *)data, size});
    struct err err = {0};
    struct filter *filter = filter_parse(text, &err);
    if (!filter != (err.status != 0))
        __builtin_trap();
    if (!filter)
        return 0;

    OWN(buf) struct buf attributes = {0};
    stored_message_pack_attribute(&attributes, "name", "value");
    struct stored_message *message =
        stored_message_new((struct bytes){0}, buf_bytes(&attributes), 1, (struct bytes){0});
    bool matched = filter_matches(filter, message);
    if (matched != filter_matches(filter, message))
        __builtin_trap();
    stored_message_unref(message);
    filter_free(filter);
    return 0;
}
