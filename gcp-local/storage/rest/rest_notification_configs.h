/* A bucket's notification configs. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_NOTIFICATION_CONFIGS_H
#define GCP_LOCAL_STORAGE_REST_REST_NOTIFICATION_CONFIGS_H

#include "gcp-local/storage/storage_private.h"

request_action config_insert;
request_action config_list;
request_action config_get;
request_action config_delete;

#endif
