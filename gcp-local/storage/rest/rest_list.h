/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of objects. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_LIST_H
#define GCP_LOCAL_STORAGE_REST_REST_LIST_H

#include "gcp-local/storage/storage_private.h"

storage_request_action rest_list_objects;

#endif
