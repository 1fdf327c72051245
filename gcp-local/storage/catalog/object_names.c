/* SPDX-License-Identifier: Apache-2.0 */
/* What buckets and objects may be called, by Google's rules. Pure. */
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

/* The parts between dots: not empty, not too long. */
static bool parts_fit(const char *name)
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
           letter_or_digit(name[0]) && letter_or_digit(name[len - 1]) && parts_fit(name) &&
           !str_starts(name, "goog") && inet_pton(AF_INET, name, &address) != 1;
}

bool catalog_bucket_name_check(const char *name, struct err *err)
{
    return catalog_bucket_name_valid(name) ||
           err_set(err, ERR_INPUT, "Invalid bucket name: '%s'", name);
}

bool catalog_object_name_check(const char *name, struct err *err)
{
    if (!*name) {
        err->reason = "required";
        return err_set(err, ERR_INPUT, "Required");
    }
    if (strlen(name) > MAX_OBJECT_NAME)
        return err_set(err, ERR_INPUT, "The specified object name is longer than %d bytes.",
                       MAX_OBJECT_NAME);
    bool fine = !strpbrk(name, "\r\n") && !str_equal(name, ".") && !str_equal(name, "..") &&
                !str_starts(name, ".well-known/acme-challenge/");
    return fine || err_set(err, ERR_INPUT, "Disallowed object name: '%s'", name);
}
