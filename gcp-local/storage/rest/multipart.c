/* SPDX-License-Identifier: Apache-2.0 */
/* Parser of a multipart/related upload: a JSON part, then the content. */
#include "gcp-local/storage/rest/multipart.h"

#include "base/str.h"
#include "net/headers.h"

#include <string.h>

enum {
    AT_FIRST_LINE,   /* the first delimiter, whose line end is that of the others */
    AT_HEADER,       /* header fields of a part */
    AT_BODY,         /* JSON or content */
    AFTER_DELIMITER, /* "--" or a line end follows, or the bytes are not a delimiter */
    AT_LINE_END,     /* white space after a delimiter */
    AT_END,          /* the rest of the body is ignored */
};

enum {
    MAX_BOUNDARY = 200, /* RFC 2046 allows 70 */
    MAX_HEADER = 16 << 10,
    MAX_JSON = 1 << 20,
};

/* The boundary parameter of a Content-Type: plain, in double quotes, or in the single quotes of
 * Google's Python clients. */
static char *boundary_of(const char *content_type)
{
    const char *value = content_type ? strchr(content_type, ';') : NULL;
    for (; value; value = strchr(value, ';')) {
        value += strspn(value, "; \t");
        if (str_starts_any_case(value, "boundary="))
            break;
    }
    if (!value)
        return NULL;
    value += strlen("boundary=");
    char quote[2] = {*value == '"' || *value == '\'' ? *value : '\0', '\0'};
    if (*quote)
        value++;
    size_t len = strcspn(value, *quote ? quote : "; \t");
    return len > 0 && len <= MAX_BOUNDARY ? str_copy_bytes((struct bytes){value, len}) : NULL;
}

bool multipart_open(struct multipart *multipart, const char *content_type,
                    multipart_content *content, void *context, struct err *err)
{
    *multipart = (struct multipart){.content = content,
                                    .context = context,
                                    .line = {.max = MAX_HEADER},
                                    .json = {.max = MAX_JSON}};
    OWN(free) char *boundary = boundary_of(content_type);
    if (!boundary)
        return err_set(err, ERR_INPUT, "Multipart must specify a boundary of 1 to %d characters.",
                       MAX_BOUNDARY);
    multipart->boundary = str_format("--%s", boundary);
    return true;
}

void multipart_done(struct multipart *multipart)
{
    buf_done(&multipart->json);
    buf_done(&multipart->line);
    free(multipart->content_type);
    free(multipart->boundary);
    free(multipart->delimiter);
    free(multipart->fallback);
    *multipart = (struct multipart){0};
}

static bool malformed(struct err *err, const char *why)
{
    return err_set(err, ERR_INPUT, "Malformed multipart body: %s.", why);
}

static void make_delimiter(struct multipart *multipart, const char *line_end)
{
    multipart->delimiter = str_format("%s%s", line_end, multipart->boundary);
    const char *text = multipart->delimiter;
    size_t len = multipart->len = strlen(text);
    size_t *fallback = multipart->fallback = alloc_zeroed(len * sizeof(*fallback));
    for (size_t i = 1, same = 0; i < len; i++) {
        while (same && text[i] != text[same])
            same = fallback[same - 1];
        same += text[i] == text[same];
        fallback[i] = same;
    }
}

static bool first_line(struct multipart *multipart, char *line, bool cr, struct err *err)
{
    if (!*line)
        return true; /* an empty line before the first delimiter */
    size_t len = strlen(multipart->boundary);
    if (!str_starts(line, multipart->boundary) || line[len + strspn(line + len, " \t")])
        return malformed(err, "it does not begin with its boundary");
    make_delimiter(multipart, cr ? "\r\n" : "\n");
    multipart->state = AT_HEADER;
    return true;
}

static void header_line(struct multipart *multipart, const char *line)
{
    static const char field[] = "content-type:";
    if (!*line) {
        multipart->state = AT_BODY;
        multipart->matched = 0;
    } else if (multipart->part == 1 && str_starts_any_case(line, field)) {
        line += strlen(field);
        str_replace(&multipart->content_type, str_copy(line + strspn(line, " \t")));
    }
}

/* Reads up to a line end. Returns how many bytes were read, 0 after a failure. */
static size_t read_line(struct multipart *multipart, struct bytes piece, struct err *err)
{
    const char *end = memchr(piece.data, '\n', piece.len);
    size_t len = end ? (size_t)(end - piece.data) + 1 : piece.len;
    multipart->header_len += len;
    if (multipart->header_len > MAX_HEADER || !buf_add(&multipart->line, piece.data, len)) {
        malformed(err, "the header fields of a part are too long");
        return 0;
    }
    if (!end)
        return len;

    OWN(free) char *line = buf_take(&multipart->line);
    size_t text = strlen(line);
    bool cr = text >= 2 && line[text - 2] == '\r';
    if (text > 0)
        line[text - 1 - (size_t)cr] = '\0';
    if (multipart->state == AT_HEADER)
        header_line(multipart, line);
    else if (!first_line(multipart, line, cr, err))
        return 0;
    return len;
}

static bool emit(struct multipart *multipart, const char *data, size_t len, struct err *err)
{
    if (len == 0)
        return true;
    if (multipart->part == 1)
        return multipart->content((struct bytes){data, len}, multipart->context, err);
    return buf_add(&multipart->json, data, len) ||
           malformed(err, "the first part, the object's metadata, is over 1 MiB");
}

/* Advances the match by one byte. */
static void match(struct multipart *multipart, char c)
{
    while (multipart->matched && multipart->delimiter[multipart->matched] != c)
        multipart->matched = multipart->fallback[multipart->matched - 1];
    multipart->matched += multipart->delimiter[multipart->matched] == c;
}

/* Reads up to the end of a delimiter and emits what is before it. A possible beginning of a
 * delimiter is not emitted yet; `carried` bytes of it were in earlier pieces. Returns how many
 * bytes were read, 0 after a failure. */
static size_t read_body(struct multipart *multipart, struct bytes piece, struct err *err)
{
    size_t carried = multipart->matched;
    size_t i = 0;
    while (i < piece.len && multipart->matched < multipart->len) {
        if (!multipart->matched) {
            const char *next = memchr(piece.data + i, *multipart->delimiter, piece.len - i);
            i = next ? (size_t)(next - piece.data) : piece.len;
            if (!next)
                break;
        }
        match(multipart, piece.data[i++]);
        size_t kept = multipart->matched > i ? multipart->matched - i : 0;
        if (kept < carried && !emit(multipart, multipart->delimiter, carried - kept, err))
            return 0;
        carried = kept < carried ? kept : carried;
    }
    size_t held = multipart->matched;
    if (i > held && !emit(multipart, piece.data, i - held, err))
        return 0;
    if (held == multipart->len) {
        multipart->state = AFTER_DELIMITER;
        multipart->dash = false;
    }
    return i;
}

/* The bytes after a delimiter tell whether it is one, and whether it is the last. */
static bool read_after_delimiter(struct multipart *multipart, char c, struct err *err)
{
    if (c == '-' && multipart->dash) {
        multipart->state = AT_END;
        return multipart->part == 1 ||
               malformed(err, "it must have two parts, metadata and content");
    }
    if (c == '-') {
        multipart->dash = true;
        return true;
    }
    if (!multipart->dash && strchr("\r\n \t", c) && c) {
        multipart->state = AT_LINE_END;
        return true;
    }
    multipart->state = AT_BODY;
    multipart->matched = 0;
    return emit(multipart, multipart->delimiter, multipart->len, err) &&
           emit(multipart, "-", multipart->dash, err);
}

static bool next_part(struct multipart *multipart, struct err *err)
{
    multipart->state = AT_HEADER;
    multipart->header_len = 0;
    return ++multipart->part < 2 || malformed(err, "it has more than two parts");
}

bool multipart_add(struct multipart *multipart, struct bytes piece, struct err *err)
{
    while (piece.len && multipart->state != AT_END) {
        size_t len = 1;
        if (multipart->state == AFTER_DELIMITER) {
            if (!read_after_delimiter(multipart, *piece.data, err))
                return false;
            /* in the new state, a line end or a byte of content is read again */
            len = multipart->state == AFTER_DELIMITER || multipart->state == AT_END;
        } else if (multipart->state == AT_LINE_END) {
            if (*piece.data == '\n' && !next_part(multipart, err))
                return false;
        } else {
            len = multipart->state == AT_BODY ? read_body(multipart, piece, err)
                                              : read_line(multipart, piece, err);
            if (!len)
                return false;
        }
        piece.data += len;
        piece.len -= len;
    }
    return true;
}

bool multipart_end(const struct multipart *multipart, struct err *err)
{
    return multipart->state == AT_END || malformed(err, "it ends before its last boundary");
}
