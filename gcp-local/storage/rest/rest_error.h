/* SPDX-License-Identifier: Apache-2.0 */
/* Error replies of Cloud Storage: JSON, XML or plain text, as the kind of URL requires. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_ERROR_H
#define GCP_LOCAL_STORAGE_REST_REST_ERROR_H

#include "net/server/http_server.h"

void rest_error_reply(struct http_exchange *exchange, const struct err *err);

#endif
