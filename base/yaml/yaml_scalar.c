/* SPDX-License-Identifier: Apache-2.0 */
/* The types of YAML 1.2's core schema (YAML 1.2.2, section 10.3.2). */
#include "base/yaml/yaml_scalar.h"

#include "base/str.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (str_equal(text, *words))
            return true;
    return false;
}

static size_t digits(const char *text, const char *set)
{
    return strspn(text, set);
}

/* [-+]? [0-9]+, 0o[0-7]+ or 0x[0-9a-fA-F]+ */
static bool is_int(const char *text, int *base, const char **number)
{
    static const char dec[] = "0123456789";
    *number = text;
    *base = 10;
    if (str_starts(text, "0o") || str_starts(text, "0x")) {
        *base = text[1] == 'o' ? 8 : 16;
        *number = text + 2;
        size_t len = digits(*number, *base == 8 ? "01234567" : "0123456789abcdefABCDEF");
        return len > 0 && (*number)[len] == '\0';
    }
    const char *first = text + (*text == '-' || *text == '+');
    size_t len = digits(first, dec);
    return len > 0 && first[len] == '\0';
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(const char *text)
{
    static const char dec[] = "0123456789";
    text += *text == '-' || *text == '+';
    size_t whole = digits(text, dec);
    text += whole;
    size_t fraction = 0;
    if (*text == '.') {
        fraction = digits(++text, dec);
        text += fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '-' || *text == '+';
        size_t exponent = digits(text, dec);
        if (exponent == 0)
            return false;
        text += exponent;
    }
    return *text == '\0';
}

static json_t *number(const char *text)
{
    double value = strtod(text, NULL);
    return isfinite(value) ? json_real(value) : NULL;
}

static json_t *whole_number(const char *text, const char *digits_only, int base)
{
    errno = 0;
    long long value = strtoll(digits_only, NULL, base);
    if (errno != ERANGE)
        return json_integer(value);
    return base == 10 ? number(text) : NULL;
}

json_t *yaml_scalar_to_json(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const yes[] = {"true", "True", "TRUE", NULL};
    static const char *const no[] = {"false", "False", "FALSE", NULL};
    static const char *const infinite[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf",
                                           "+.INF", "-.inf", "-.Inf", "-.INF", ".nan",
                                           ".NaN",  ".NAN",  NULL};
    int base = 10;
    const char *digits_only = NULL;
    if (one_of(text, nulls))
        return json_null();
    if (one_of(text, yes))
        return json_true();
    if (one_of(text, no))
        return json_false();
    if (one_of(text, infinite))
        return NULL;
    if (is_int(text, &base, &digits_only))
        return whole_number(text, digits_only, base);
    return is_float(text) ? number(text) : json_string(text);
}
