/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked about one object. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_OBJECTS_H
#define GCP_LOCAL_STORAGE_REST_REST_OBJECTS_H

#include "gcp-local/storage/storage_private.h"

storage_request_action rest_get_object;      /* the resource, or with alt=media the content */
storage_request_action rest_download_object; /* the content */
storage_request_action rest_patch_object;
storage_request_action rest_update_object;
storage_request_action rest_delete_object;

/* The live object, or the generation asked for, and its content opened to read. -1 and err when
 * there is none. */
int rest_open_object(struct storage *storage, const char *bucket, const char *name,
                     int64_t generation, struct storage_object *object, struct err *err);

#endif
