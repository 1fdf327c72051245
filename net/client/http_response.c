/* SPDX-License-Identifier: Apache-2.0 */
/* The response to a request of the HTTP client. */
#include "net/client/http_response.h"

void http_response_done(struct http_response *response)
{
    headers_done(&response->headers);
    buf_done(&response->body);
    *response = (struct http_response){0};
}
