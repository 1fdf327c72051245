/* SPDX-License-Identifier: Apache-2.0 */
/* Any string as Range, Content-Range, glob and name: never a crash, and accepted values are valid.
 */
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/storage/catalog/object_names.h"
#include "gcp-local/storage/rest/glob.h"
#include "gcp-local/storage/rest/ranges.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(free) char *text = str_copy_bytes((struct bytes){(const char *)data, size});
    struct byte_range part;
    for (int64_t total = 0; total < 12; total += 3)
        if (ranges_parse(text, total, &part) == RANGE_PART)
            must(part.first >= 0 && part.first <= part.last && part.last < total);

    struct content_range range;
    if (ranges_parse_content_range(text, &range) && range.has_bytes) {
        must(range.first >= 0 && (range.last == -1 || range.last >= range.first));
        must(range.total == -1 || range.last < range.total);
    }
    struct err err = {0};
    catalog_object_name_check(text, &err);
    catalog_bucket_name_valid(text);
    char *name = strchr(text, '\n');
    if (name)
        *name++ = '\0';
    glob_match(text, name ? name : "a/b.txt");
    return 0;
}
