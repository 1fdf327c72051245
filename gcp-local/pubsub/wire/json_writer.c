/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/wire/json_writer.h"

#include "base/base64.h"

#include <string.h>

void json_writer_add_int(struct buf *out, int64_t number)
{
    char digits[24], *at = digits + sizeof(digits);
    uint64_t rest = (uint64_t)number;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    buf_add(out, at, (size_t)(digits + sizeof(digits) - at));
}

static void add_escaped(struct buf *out, unsigned char c)
{
    static const char names[] = "\"\\bfnrt", values[] = "\"\\\b\f\n\r\t";
    const char *value = strchr(values, c);
    char pair[2] = {'\\', value ? names[value - values] : 0};
    if (value)
        buf_add(out, pair, sizeof(pair));
    else
        buf_add_format(out, "\\u%04x", c);
}

void json_writer_add_string(struct buf *out, const char *text)
{
    buf_add(out, "\"", 1);
    while (*text) {
        size_t plain = 0;
        while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' && text[plain] != '\\')
            plain++;
        buf_add(out, text, plain);
        text += plain;
        if (*text)
            add_escaped(out, (unsigned char)*text++);
    }
    buf_add(out, "\"", 1);
}

void json_writer_add_base64(struct buf *out, struct bytes data)
{
    buf_add(out, "\"", 1);
    base64_add(out, data);
    buf_add(out, "\"", 1);
}
