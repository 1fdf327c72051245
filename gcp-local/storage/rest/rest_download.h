/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads: whole or a range, as stored or unpacked. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_DOWNLOAD_H
#define GCP_LOCAL_STORAGE_REST_REST_DOWNLOAD_H

#include "gcp-local/storage/storage_private.h"

/* Sends an object's content: an open file, which is taken over. */
bool rest_send_content(struct storage_request *request, const struct storage_object *object,
                       int content, struct err *err);

#endif
