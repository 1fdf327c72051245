/* SPDX-License-Identifier: Apache-2.0 */
/* Received bytes as text that is safe for a terminal. */
#include "message-dumper/printable.h"

#include "base/str.h"

#include <string.h>

char *printable(struct bytes bytes)
{
    if (bytes.len && (memchr(bytes.data, '\0', bytes.len) || !str_is_utf8(bytes)))
        return str_format("(%zu bytes that are not text)", bytes.len);
    char *text = str_copy_bytes(bytes);
    for (char *c = text; *c; c++)
        if (((unsigned char)*c < 0x20 || *c == 0x7F) && !strchr("\n\r\t", *c))
            *c = '?';
    return text;
}
