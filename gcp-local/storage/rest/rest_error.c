/* SPDX-License-Identifier: Apache-2.0 */
/* Error replies of Cloud Storage: JSON, XML or plain text, as the kind of URL requires. */
#include "gcp-local/storage/rest/rest_error.h"

#include "base/str.h"
#include "gcp-local/storage/rest/storage_request.h"

#include <string.h>

enum { NOT_MODIFIED = 304 };

static void reply_xml(struct http_exchange *exchange, const struct err *err)
{
    struct http_reply reply = {.status = err->status,
                               .content_type = "application/xml; charset=UTF-8"};
    bool missing = err->status == ERR_NOT_FOUND;
    const char *code = missing && str_starts(err->text, "The specified bucket") ? "NoSuchBucket"
                       : missing                                                ? "NoSuchKey"
                       : err->status == 412 ? "PreconditionFailed"
                       : err->status == 416 ? "InvalidRange"
                       : err->status < 500  ? "InvalidArgument"
                                            : "InternalError";
    buf_add_format(&reply.body,
                   "<?xml version='1.0' encoding='UTF-8'?><Error><Code>%s</Code><Message>", code);
    for (const char *c = err->text; *c; c++)
        if (strchr("<>&", *c))
            buf_add_format(&reply.body, "&#%d;", *c);
        else
            buf_add(&reply.body, c, 1);
    buf_add_text(&reply.body, "</Message></Error>");
    http_exchange_reply(exchange, &reply);
}

void rest_error_reply(struct http_exchange *exchange, const struct err *err)
{
    const char *resource;
    enum url_kind kind = storage_request_url_kind(exchange->path, &resource);
    if (err->status == NOT_MODIFIED)
        http_exchange_reply_empty(exchange, err->status);
    else if (kind == URL_XML)
        reply_xml(exchange, err);
    else if (kind == URL_DOWNLOAD || storage_request_is_media(exchange))
        http_exchange_reply_text(exchange, err->status, err->text);
    else
        api_reply_err(exchange, API_JSON, err);
}
