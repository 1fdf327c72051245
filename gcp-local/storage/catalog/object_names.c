/* SPDX-License-Identifier: Apache-2.0 */
/* Google's rules for the names of buckets and objects. Pure. */
#include "gcp-local/storage/catalog/object_names.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <string.h>

enum {
    MIN_BUCKET_NAME = 3,
    MAX_BUCKET_NAME = 222,
    MAX_BUCKET_NAME_PART = 63,
    MAX_OBJECT_NAME = 1024,
};

static bool letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Checks the length of the parts between dots. */
static bool parts_valid(const char *name)
{
    for (;;) {
        size_t len = strcspn(name, ".");
        if (len == 0 || len > MAX_BUCKET_NAME_PART)
            return false;
        if (!name[len])
            return true;
        name += len + 1;
    }
}

bool catalog_bucket_name_valid(const char *name)
{
    size_t len = strlen(name);
    struct in_addr address;
    return len >= MIN_BUCKET_NAME && len <= MAX_BUCKET_NAME &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == len &&
           letter_or_digit(name[0]) && letter_or_digit(name[len - 1]) && parts_valid(name) &&
           !str_starts(name, "goog") && inet_pton(AF_INET, name, &address) != 1;
}

bool catalog_bucket_name_check(const char *name, struct err *err)
{
    return catalog_bucket_name_valid(name) ||
           err_set(err, ERR_INPUT, "Invalid bucket name: '%s'", name);
}

bool catalog_object_name_check(const char *name, struct err *err)
{
    if (!*name)
        return err_set_reason(err, ERR_INPUT, "required", "Required");
    if (strlen(name) > MAX_OBJECT_NAME)
        return err_set(err, ERR_INPUT, "The specified object name is longer than %d bytes.",
                       MAX_OBJECT_NAME);
    bool ok = !strpbrk(name, "\r\n") && !str_equal(name, ".") && !str_equal(name, "..") &&
              !str_starts(name, ".well-known/acme-challenge/");
    return ok || err_set(err, ERR_INPUT, "Disallowed object name: '%s'", name);
}
