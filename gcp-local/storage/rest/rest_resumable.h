/* Resumable uploads: a session is begun, continued, asked about, finished or cancelled. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_RESUMABLE_H
#define GCP_LOCAL_STORAGE_REST_REST_RESUMABLE_H

#include "gcp-local/storage/storage_private.h"

request_action resumable_start;  /* POST ?uploadType=resumable */
request_action resumable_cancel; /* DELETE ?upload_id= */

/* PUT ?upload_id=: when the head was read, and when the body was. */
void resumable_begin(struct request *request);
request_action resumable_continue;

#endif
