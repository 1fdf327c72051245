/* SPDX-License-Identifier: Apache-2.0 */
/* JSON replies in Google's format. */
#include "gcp-local/api/json_reply.h"

#include "base/str.h"

void json_reply_send(struct http_exchange *exchange, int status, json_t *tree)
{
    OWN(free) char *text = json_dumps(tree, JSON_INDENT(2) | JSON_REAL_PRECISION(8));
    struct http_reply reply = {.status = status, .content_type = "application/json; charset=UTF-8"};
    buf_add_text(&reply.body, text);
    buf_add_text(&reply.body, "\n");
    http_exchange_reply(exchange, &reply);
    json_decref(tree);
}
