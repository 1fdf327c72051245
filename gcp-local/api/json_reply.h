/* SPDX-License-Identifier: Apache-2.0 */
/* JSON answers as Google writes them. */
#ifndef GCP_LOCAL_API_JSON_REPLY_H
#define GCP_LOCAL_API_JSON_REPLY_H

#include "net/server/http_server.h"

/* Like http_exchange_reply_json, indented and with at most eight digits in numbers with a fraction:
 * scores are no more exact than that. Decrefs the tree. */
void json_reply_send(struct http_exchange *exchange, int status, json_t *tree);

#endif
