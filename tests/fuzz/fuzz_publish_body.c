/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the body of a publish: never a crash; what is accepted is within the limits, is JSON
 * to jansson too, and can be answered as JSON. */
#include "base/str.h"
#include "gcp-local/pubsub/wire/message_json.h"
#include "gcp-local/pubsub/wire/publish_body.h"

#include <jansson.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void check(const struct stored_message *message)
{
    must(message->data_len > 0 || message->attribute_count > 0);
    must(message->attribute_count <= MAX_MESSAGE_ATTRIBUTES &&
         message->key_len <= MAX_ORDERING_KEY_BYTES);
    uint32_t count = 0;
    const char *position = NULL, *name, *value;
    while (
        stored_message_next_attribute(stored_message_attributes(message), &position, &name, &value))
        count++;
    must(count == message->attribute_count);
}

static void answer(struct stored_message *message)
{
    OWN(buf) struct buf out = {0};
    struct lease lease = {message, 1, 2, 3};
    message_json_add_received(&out, "projects/p/subscriptions/s", &lease, 1, true);
    json_t *tree = json_loadb(out.data, out.len, 0, NULL);
    must(tree != NULL);
    json_decref(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    struct err err = {0};
    OWN(publish_body) struct publish_body body = {0};
    bool ok = publish_body_read(text, &body, &err);
    must(ok == (err.status == 0));
    if (!ok)
        return 0;
    json_error_t error;
    json_t *tree = json_loadb(text.data, text.len, 0, &error);
    must(tree || json_error_code(&error) == json_error_numeric_overflow); /* we keep its text */
    json_decref(tree);
    for (size_t i = 0; i < body.count; i++) {
        check(body.messages[i]);
        answer(body.messages[i]);
    }
    return 0;
}
