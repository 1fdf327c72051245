/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one record per line, as text or as JSON for Cloud Logging. */
#include "base/log.h"

#include "base/buf.h"
#include "base/own.h"
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
    bool json;
    enum log_level min_level;
    const char *project; /* borrowed from the environment; NULL when not set */
} settings = {.min_level = LOG_INFO};

static _Thread_local const char *trace; /* traceparent; borrowed */

bool log_from_env(struct err *err)
{
    const char *format = getenv("LOG_FORMAT");
    if (!str_empty(format) && !str_equal(format, "json") && !str_equal(format, "text"))
        return err_set(err, ERR_INPUT, "LOG_FORMAT is %s, want text or json", format);
    settings.json = str_equal(format, "json");
    settings.project = getenv("GOOGLE_CLOUD_PROJECT");

    static const char *const levels[] = {"debug", "info", "warning", "error"};
    const char *level = getenv("LOG_LEVEL");
    if (str_empty(level))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
        if (str_equal_any_case(level, levels[i])) {
            settings.min_level = (enum log_level)i;
            return true;
        }
    return err_set(err, ERR_INPUT, "LOG_LEVEL is %s, want debug, info, warning or error", level);
}

void log_set_trace(const char *traceparent)
{
    trace = traceparent;
}

/* Appends a JSON string; what is not UTF-8 becomes U+FFFD. */
static void add_json_string(struct buf *line, const char *text)
{
    buf_add_text(line, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            buf_add_format(line, "\\%c", c);
        } else if (c == '\n') {
            buf_add_text(line, "\\n");
        } else if (c < 0x20) {
            buf_add_format(line, "\\u%04x", c);
        } else if (c < 0x80) {
            buf_add(line, text, 1);
        } else {
            size_t size = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
            if (strnlen(text, size) == size && str_is_utf8((struct bytes){text, size})) {
                buf_add(line, text, size);
                text += size - 1;
            } else {
                buf_add_text(line, "\\ufffd");
            }
        }
    }
    buf_add_text(line, "\"");
}

/* traceparent is 00-TRACE(32)-SPAN(16)-FLAGS(2). */
static void add_trace(struct buf *line)
{
    if (!trace || strlen(trace) < 52)
        return;
    if (str_empty(settings.project))
        buf_add_format(line, ",\"logging.googleapis.com/trace\":\"%.32s\"", trace + 3);
    else
        buf_add_format(line, ",\"logging.googleapis.com/trace\":\"projects/%s/traces/%.32s\"",
                       settings.project, trace + 3);
    buf_add_format(line, ",\"logging.googleapis.com/spanId\":\"%.16s\"", trace + 36);
}

static void write_all(int fd, struct bytes line)
{
    while (line.len) {
        ssize_t sent = write(fd, line.data, line.len);
        if (sent < 0 && errno != EINTR)
            return; /* nothing reads the log, so there is nowhere to report it */
        if (sent > 0) {
            line.data += sent;
            line.len -= (size_t)sent;
        }
    }
}

void log_at(enum log_level level, const char *fmt, ...)
{
    static const char *const severity[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
    static const char *const prefix[] = {"debug: ", "", "warning: ", "error: "};
    if (level < settings.min_level)
        return;

    va_list args;
    va_start(args, fmt);
    OWN(free) char *text = NULL;
    if (vasprintf(&text, fmt, args) < 0)
        abort();
    va_end(args);

    OWN(buf) struct buf line = {0};
    if (settings.json) {
        buf_add_format(&line, "{\"severity\":\"%s\",\"message\":", severity[level]);
        add_json_string(&line, text);
        add_trace(&line);
        buf_add_text(&line, "}\n");
    } else {
        buf_add_text(&line, prefix[level]);
        buf_add_text(&line, text);
        buf_add_text(&line, "\n");
    }
    write_all(level >= LOG_WARNING ? STDERR_FILENO : STDOUT_FILENO, buf_bytes(&line));
}
