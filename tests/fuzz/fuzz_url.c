/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as URL, query and percent-coded text: never a crash, and what is accepted is sound. */
#include "base/str.h"
#include "net/url.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void try_coding(struct bytes text)
{
    OWN(free) char *encoded = url_encode(text);
    OWN(free) char *decoded = url_decode(bytes_of(encoded), true);
    bool is_text = str_is_utf8(text) && (text.len == 0 || !memchr(text.data, '\0', text.len));
    must((decoded != NULL) == is_text);
    if (decoded)
        must(bytes_equal(bytes_of(decoded), text));

    OWN(free) char *once = url_decode(text, false);
    if (once)
        must(strlen(once) <= text.len);
}

static void check_parameter(const char *name, const char *value, void *query)
{
    OWN(free) char *first = url_query_get(query, name);
    must(first != NULL && value != NULL);
}

static void try_url(const char *text)
{
    OWN(url) struct url url = {0};
    if (!url_parse(text, &url)) {
        must(!url.host && !url.target);
        return;
    }
    must(*url.host && url.port && url.target[0] == '/');
    must(!strpbrk(url.host, "@/?#\\ \r\n") && !strpbrk(url.target, " \r\n#"));

    /* written again it says the same */
    bool bracket = strchr(url.host, ':') != NULL;
    OWN(free) char *again =
        str_format("http%s://%s%s%s:%d%s", url.tls ? "s" : "", bracket ? "[" : "", url.host,
                   bracket ? "]" : "", url.port, url.target);
    OWN(url) struct url same = {0};
    must(url_parse(again, &same));
    must(str_equal(same.host, url.host) && str_equal(same.target, url.target));
    must(same.port == url.port && same.tls == url.tls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = {(const char *)data, size};
    OWN(free) char *text = str_copy_bytes(bytes);
    try_coding(bytes);
    url_query_each(bytes_of(text), check_parameter, text);
    try_url(text);
    return 0;
}
