/* SPDX-License-Identifier: Apache-2.0 */
/* A channel's address: requests in, answers out. */
#ifndef KN_LOCAL_DATAPLANE_CHANNEL_HTTP_H
#define KN_LOCAL_DATAPLANE_CHANNEL_HTTP_H

#include "kn-local/dataplane/channel.h"
#include "net/server/http_server.h"

/* Answers a request to the channel's address: 202; 400 not an event; 405; 500 a delivery failed;
 * 503 the channel or the disk is full; 507 the channel's log is. */
void channel_http_receive(struct channel *channel, struct http_exchange *exchange);

#endif
