/* SPDX-License-Identifier: Apache-2.0 */
/* JSON replies in Google's format. */
#ifndef GCP_LOCAL_API_JSON_REPLY_H
#define GCP_LOCAL_API_JSON_REPLY_H

#include "net/server/http_server.h"

/* Like http_exchange_reply_json, but indented, and with at most eight significant digits in real
 * numbers, which is the precision of scores. Decrefs the tree. */
void json_reply_send(struct http_exchange *exchange, int status, json_t *tree);

#endif
