/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads in one request: media and multipart. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_UPLOAD_H
#define GCP_LOCAL_STORAGE_REST_REST_UPLOAD_H

#include "gcp-local/storage/storage_private.h"

/* When the head was read: takes the body piece by piece to a file. */
void rest_upload_begin(struct storage_request *request, bool multipart);

/* When the body was read. */
storage_request_action rest_upload_finish;

/* Whether the body is packed for the way only: it is to be unpacked before it is looked at. */
bool rest_upload_is_gzip(const struct http_exchange *exchange);

#endif
