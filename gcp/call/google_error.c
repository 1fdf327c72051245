/* SPDX-License-Identifier: Apache-2.0 */
/* What Google says went wrong, in any of its forms. */
#include "gcp/call/google_error.h"

#include "base/json/jread.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <math.h>
#include <string.h>

enum { MOST_MESSAGE = 300 };

void google_error_done(struct google_error *fault)
{
    free(fault->name);
    free(fault->reason);
    free(fault->message);
    *fault = (struct google_error){0};
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* "3.5s" of a RetryInfo; 0 when it is none. */
static int64_t ns_of_duration(const char *text)
{
    char *end = NULL;
    double sec = strtod(text, &end);
    bool ok = end != text && str_equal(end, "s") && isfinite(sec) && sec > 0 && sec < 86400;
    return ok ? (int64_t)(sec * NS_PER_SEC) : 0;
}

static void read_details(const json_t *list, struct google_error *fault)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *detail = json_array_get(list, i);
        const char *type = text_of(detail, "@type");
        if (str_ends(type, "google.rpc.RetryInfo"))
            fault->retry_delay_ns = ns_of_duration(text_of(detail, "retryDelay"));
        else if (str_ends(type, "google.rpc.ErrorInfo"))
            str_replace(&fault->reason, str_copy(text_of(detail, "reason")));
    }
}

/* {"error":{"code","message","status","details":[]}} or, older, {"error":{..,"errors":[]}} */
static void read_object(const json_t *error, struct google_error *fault)
{
    const json_t *first = json_array_get(json_object_get(error, "errors"), 0);
    str_replace(&fault->name, str_copy(text_of(error, "status")));
    str_replace(&fault->reason, str_copy(text_of(first, "reason")));
    str_replace(&fault->message, str_copy(text_of(error, "message")));
    read_details(json_object_get(error, "details"), fault);
    if (!*fault->name)
        str_replace(&fault->name, str_copy(fault->reason));
}

/* {"error":"invalid_grant","error_description":"...","error_subtype":"..."} */
static void read_oauth(const json_t *tree, struct google_error *fault)
{
    str_replace(&fault->name, str_copy(text_of(tree, "error")));
    str_replace(&fault->reason, str_copy(text_of(tree, "error_subtype")));
    str_replace(&fault->message, str_copy(text_of(tree, "error_description")));
}

/* One line out of a page or a sentence. */
static void read_text(const struct http_response *answer, struct google_error *fault)
{
    OWN(free) char *type = headers_media_type(headers_get(&answer->headers, "content-type"));
    struct bytes text = buf_bytes(&answer->body);
    if (str_equal(type, "text/html") || !str_is_utf8(text))
        return;
    str_replace(&fault->message, str_copy_bytes(text));
}

static void shorten(char *text)
{
    size_t len = strnlen(text, MOST_MESSAGE);
    while (text[len] && ((unsigned char)text[len] & 0xC0) == 0x80)
        len--;
    while (len && strchr(". \r\n", text[len - 1]))
        len--;
    text[len] = '\0';
}

void google_error_from_response(const struct http_response *answer, struct google_error *fault)
{
    *fault = (struct google_error){str_copy(""), str_copy(""), str_copy(""), 0};
    struct err ignored = {0};
    json_auto_t *tree = json_from_bytes(buf_bytes(&answer->body), "error", ERR_UPSTREAM, &ignored);
    const json_t *error = json_object_get(tree, "error");
    if (json_is_object(error))
        read_object(error, fault);
    else if (json_is_string(error))
        read_oauth(tree, fault);
    else
        read_text(answer, fault);
    shorten(fault->message);
}

const char *google_error_name(const char *name)
{
    static const char *const names[] = {
        "INVALID_ARGUMENT",
        "FAILED_PRECONDITION",
        "OUT_OF_RANGE",
        "UNAUTHENTICATED",
        "PERMISSION_DENIED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "ABORTED",
        "RESOURCE_EXHAUSTED",
        "CANCELLED",
        "INTERNAL",
        "UNKNOWN",
        "DATA_LOSS",
        "UNIMPLEMENTED",
        "UNAVAILABLE",
        "DEADLINE_EXCEEDED",
        "notFound",
        "conflict",
        "forbidden",
        "conditionNotMet",
        "invalid",
        "required",
        "rateLimitExceeded",
        "userRateLimitExceeded",
        "invalid_grant",
        "invalid_client",
        "invalid_scope",
        "invalid_request",
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_equal(name, names[i]))
            return names[i];
    return NULL;
}
