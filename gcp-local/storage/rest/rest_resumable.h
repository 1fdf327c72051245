/* SPDX-License-Identifier: Apache-2.0 */
/* Resumable uploads: a session is begun, continued, asked about, finished or cancelled. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_RESUMABLE_H
#define GCP_LOCAL_STORAGE_REST_REST_RESUMABLE_H

#include "gcp-local/storage/storage_private.h"

storage_request_action rest_resumable_start;  /* POST ?uploadType=resumable */
storage_request_action rest_resumable_cancel; /* DELETE ?upload_id= */

/* PUT ?upload_id=: when the head was read, and when the body was. */
void rest_resumable_begin(struct storage_request *request);
storage_request_action rest_resumable_continue;

#endif
