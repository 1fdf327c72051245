/* SPDX-License-Identifier: Apache-2.0 */
/* Kubernetes' protobuf, as far as kubectl needs it: newer versions send secrets, config maps,
 * namespaces and service accounts that they create in it, whatever the server accepts. */
#ifndef KN_LOCAL_API_PROTOBUF_H
#define KN_LOCAL_API_PROTOBUF_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>

/* The object in a body of type application/vnd.kubernetes.protobuf. NULL and err (ERR_INPUT when it
 * is broken, ERR_FORMAT when it is of another kind). A new reference. */
json_t *protobuf_decode(struct bytes body, struct err *err);

#endif
