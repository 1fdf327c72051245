/* SPDX-License-Identifier: Apache-2.0 */
/* Workload identity federation: the token of another identity provider, to be exchanged. */
#include "gcp/auth/subject_token.h"

#include "base/file.h"
#include "base/str.h"

#include "gcp/auth/token_request.h"
#include "gcp/call/retry_send.h"

#include <ctype.h>

enum { MAX_TOKEN_LEN = 256 * 1024, TIMEOUT_MS = 20000 };

/* Another program renews the file, so a failure may be temporary. */
static bool read_file(const char *path, struct buf *text, struct err *err)
{
    struct err failed = {0};
    return file_read(path, text, &failed) || err_set(err, ERR_UNAVAILABLE, "%s", failed.text);
}

static bool read_url(const struct gcp_environment *env, const struct credentials *credentials,
                     struct buf *text, struct err *err)
{
    struct http_call call = {
        .url = credentials->subject_url,
        .headers = &credentials->subject_headers,
        .timeout_ms = TIMEOUT_MS,
        .max_reply = MAX_TOKEN_LEN,
    };
    OWN(http_response) struct http_response response = {0};
    return retry_send(env, &call, &token_request_retries, &response, NULL, err) &&
           buf_add(text, response.body.data, response.body.len);
}

/* The token: the whole text without white space at both ends, or a member of a JSON object. */
static char *extract(const struct credentials *credentials, struct bytes text, struct err *err)
{
    if (credentials->subject_field) {
        json_auto_t *tree = json_from_bytes(text, "subject token", ERR_UPSTREAM, err);
        if (!tree)
            return NULL;
        struct jread reader = jread_open(tree, "subject token", ERR_UPSTREAM, err);
        const char *field = jread_str(&reader, credentials->subject_field);
        return jread_ok(&reader) ? str_copy(field) : NULL;
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

char *subject_token(const struct gcp_environment *env, const struct credentials *credentials,
                    struct err *err)
{
    OWN(buf) struct buf text = {.max = MAX_TOKEN_LEN};
    bool ok = credentials->subject_file ? read_file(credentials->subject_file, &text, err)
                                        : read_url(env, credentials, &text, err);
    return ok ? extract(credentials, buf_bytes(&text), err) : NULL;
}
