/* SPDX-License-Identifier: Apache-2.0 */
/* The error in a response from Google, in any of its formats.
 * Formats: google.aip.dev/193, RFC 6749 section 5.2 (OAuth). */
#include "gcp/call/google_error.h"

#include "base/json/jread.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <math.h>
#include <string.h>

enum { MAX_MESSAGE_LEN = 300 };

void google_error_done(struct google_error *error)
{
    free(error->name);
    free(error->reason);
    free(error->message);
    *error = (struct google_error){0};
}

static const char *string_member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* "3.5s" of a RetryInfo; 0 when it is not valid. */
static int64_t duration_ns(const char *text)
{
    char *end = NULL;
    double sec = strtod(text, &end);
    bool ok = end != text && str_equal(end, "s") && isfinite(sec) && sec > 0 && sec < 86400;
    return ok ? (int64_t)(sec * NS_PER_SEC) : 0;
}

static void read_details(const json_t *list, struct google_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *detail = json_array_get(list, i);
        const char *type = string_member(detail, "@type");
        if (str_ends(type, "google.rpc.RetryInfo"))
            error->retry_delay_ns = duration_ns(string_member(detail, "retryDelay"));
        else if (str_ends(type, "google.rpc.ErrorInfo"))
            str_replace(&error->reason, str_copy(string_member(detail, "reason")));
    }
}

/* {"error":{"code","message","status","details":[]}}; older APIs: {"error":{..,"errors":[]}} */
static void read_object(const json_t *object, struct google_error *error)
{
    const json_t *first = json_array_get(json_object_get(object, "errors"), 0);
    str_replace(&error->name, str_copy(string_member(object, "status")));
    str_replace(&error->reason, str_copy(string_member(first, "reason")));
    str_replace(&error->message, str_copy(string_member(object, "message")));
    read_details(json_object_get(object, "details"), error);
    if (!*error->name)
        str_replace(&error->name, str_copy(error->reason));
}

/* {"error":"invalid_grant","error_description":"...","error_subtype":"..."} */
static void read_oauth(const json_t *tree, struct google_error *error)
{
    str_replace(&error->name, str_copy(string_member(tree, "error")));
    str_replace(&error->reason, str_copy(string_member(tree, "error_subtype")));
    str_replace(&error->message, str_copy(string_member(tree, "error_description")));
}

/* Plain text; an HTML page says nothing useful. */
static void read_text(const struct http_response *response, struct google_error *error)
{
    OWN(free) char *type = headers_media_type(headers_get(&response->headers, "content-type"));
    struct bytes text = buf_bytes(&response->body);
    if (str_equal(type, "text/html") || !str_is_utf8(text))
        return;
    str_replace(&error->message, str_copy_bytes(text));
}

/* Cuts at a character boundary, and removes a final full stop and line breaks. */
static void shorten(char *text)
{
    size_t len = strnlen(text, MAX_MESSAGE_LEN);
    while (text[len] && ((unsigned char)text[len] & 0xC0) == 0x80)
        len--;
    while (len && strchr(". \r\n", text[len - 1]))
        len--;
    text[len] = '\0';
}

void google_error_from_response(const struct http_response *response, struct google_error *error)
{
    *error = (struct google_error){str_copy(""), str_copy(""), str_copy(""), 0};
    struct err ignored = {0};
    json_auto_t *tree =
        json_from_bytes(buf_bytes(&response->body), "error", ERR_UPSTREAM, &ignored);
    const json_t *object = json_object_get(tree, "error");
    if (json_is_object(object))
        read_object(object, error);
    else if (json_is_string(object))
        read_oauth(tree, error);
    else
        read_text(response, error);
    shorten(error->message);
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
