/* Lists of objects. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_LIST_H
#define GCP_LOCAL_STORAGE_REST_REST_LIST_H

#include "gcp-local/storage/storage_private.h"

request_action list_objects;

#endif
