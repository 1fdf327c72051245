/* SPDX-License-Identifier: Apache-2.0 */
/* The environment, read once at start. */
#include "base/env.h"

#include "base/own.h"
#include "base/str.h"

const char *env_str(const char *name, const char *fallback)
{
    const char *text = getenv(name);
    return str_empty(text) ? fallback : text;
}

bool env_int(const char *name, int64_t low, int64_t high, int64_t fallback, int64_t *value,
             struct err *err)
{
    *value = fallback;
    const char *text = env_str(name, NULL);
    if (!text || str_int(text, low, high, value))
        return true;
    return err_set(err, ERR_INPUT, "%s is %s, want a whole number from %lld to %lld", name, text,
                   (long long)low, (long long)high);
}

bool env_bool(const char *name, bool fallback, bool *value, struct err *err)
{
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const no[] = {"false", "0", "no", "off"};
    *value = fallback;
    const char *text = env_str(name, NULL);
    if (!text)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        *value = str_equal_any_case(text, yes[i]);
        if (*value || str_equal_any_case(text, no[i]))
            return true;
    }
    return err_set(err, ERR_INPUT, "%s is %s, want true or false", name, text);
}
