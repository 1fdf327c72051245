/* SPDX-License-Identifier: Apache-2.0 */
/* Failures: written once, wrapped on the way out. */
#include "base/err.h"

#include "base/debug.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Marks a cut text, without leaving half a UTF-8 character, and keeps it to one line. */
static void sanitize(char *text, size_t size, bool cut)
{
    if (cut) {
        size_t end = size - sizeof("...");
        while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
            end--;
        memcpy(text + end, "...", sizeof("..."));
    }
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = *c == '\n' || *c == '\t' ? ' ' : '?';
}

__attribute__((format(printf, 3, 0))) static void set(struct err *err, int status, const char *fmt,
                                                      va_list args)
{
    DEBUG_ASSERT(err->status == 0 && status != 0);
    if (err->status)
        return;
    err->status = status;
    int len = vsnprintf(err->text, sizeof(err->text), fmt, args);
    sanitize(err->text, sizeof(err->text), len < 0 || (size_t)len >= sizeof(err->text));
}

bool err_set(struct err *err, int status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    set(err, status, fmt, args);
    va_end(args);
    return false;
}

bool err_set_errno(struct err *err, int status, const char *fmt, ...)
{
    int code = errno;
    bool first = !err->status;
    va_list args;
    va_start(args, fmt);
    set(err, status, fmt, args);
    va_end(args);
    if (!first)
        return false;
    err->errno_code = code;
    char buffer[128];
    size_t len = strlen(err->text), size = sizeof(err->text) - len;
    int more = snprintf(err->text + len, size, ": %s", strerror_r(code, buffer, sizeof(buffer)));
    sanitize(err->text, sizeof(err->text), more < 0 || (size_t)more >= size);
    return false;
}

bool err_set_reason(struct err *err, int status, const char *reason, const char *fmt, ...)
{
    if (!err->status)
        err->reason = reason;
    va_list args;
    va_start(args, fmt);
    set(err, status, fmt, args);
    va_end(args);
    return false;
}

bool err_wrap(struct err *err, const char *fmt, ...)
{
    DEBUG_ASSERT(err->status != 0);
    if (!err->status)
        return false;
    char text[sizeof(err->text)];

    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    size_t used = len < 0 ? 0 : (size_t)len;
    bool cut = used >= sizeof(text);
    if (!cut) {
        int more = snprintf(text + used, sizeof(text) - used, ": %s", err->text);
        cut = more < 0 || used + (size_t)more >= sizeof(text);
    }
    sanitize(text, sizeof(text), cut);
    memcpy(err->text, text, sizeof(text));
    return false;
}
