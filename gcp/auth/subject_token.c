/* SPDX-License-Identifier: Apache-2.0 */
/* The token of another identity provider that workload identity federation exchanges. */
#include "gcp/auth/subject_token.h"

#include "base/file.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/call/retry_send.h"

#include <ctype.h>

enum { MOST_TOKEN = 256 * 1024, TIMEOUT_MS = 20000 };

/* Others put a new token there from time to time, so that what fails now may work later. */
static bool read_file(const char *path, struct buf *text, struct err *err)
{
    struct err failed = {0};
    return file_read(path, text, &failed) || err_set(err, ERR_UNAVAILABLE, "%s", failed.text);
}

static bool read_url(const struct gcp_environment *outside, const struct credentials *credentials,
                     struct buf *text, struct err *err)
{
    struct http_call call = {
        .url = credentials->subject_url,
        .headers = &credentials->subject_headers,
        .timeout_ms = TIMEOUT_MS,
        .max_reply = MOST_TOKEN,
    };
    struct retry_run sending = {
        .policy = {.first_ns = NS_PER_SEC,
                   .most_ns = 4LL * NS_PER_SEC,
                   .deadline_ns = 60LL * NS_PER_SEC,
                   .tries = 3,
                   .repeatable = true},
    };
    OWN(http_response) struct http_response answer = {0};
    return retry_send(outside, &call, &sending, &answer, err) &&
           buf_add(text, answer.body.data, answer.body.len);
}

/* The token in the text: all of it without the white space around, or a field of a JSON object. */
static char *pick(const struct credentials *credentials, struct bytes text, struct err *err)
{
    if (credentials->subject_field) {
        json_auto_t *tree = json_from_bytes(text, "subject token", ERR_UPSTREAM, err);
        if (!tree)
            return NULL;
        struct jread at = jread_open(tree, "subject token", ERR_UPSTREAM, err);
        const char *field = jread_str(&at, credentials->subject_field);
        return jread_ok(&at) ? str_copy(field) : NULL;
    }
    while (text.len && isspace((unsigned char)text.data[text.len - 1]))
        text.len--;
    while (text.len && isspace((unsigned char)*text.data)) {
        text.data++;
        text.len--;
    }
    if (text.len == 0) {
        err_set(err, ERR_UPSTREAM, "subject token: is empty");
        return NULL;
    }
    return str_copy_bytes(text);
}

char *subject_token(const struct gcp_environment *outside, const struct credentials *credentials,
                    struct err *err)
{
    OWN(buf) struct buf text = {.max = MOST_TOKEN};
    bool ok = credentials->subject_file ? read_file(credentials->subject_file, &text, err)
                                        : read_url(outside, credentials, &text, err);
    return ok ? pick(credentials, buf_bytes(&text), err) : NULL;
}
