/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket's notification configs. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_NOTIFICATION_CONFIGS_H
#define GCP_LOCAL_STORAGE_REST_REST_NOTIFICATION_CONFIGS_H

#include "gcp-local/storage/storage_private.h"

storage_request_action rest_insert_notification_config;
storage_request_action rest_list_notification_configs;
storage_request_action rest_get_notification_config;
storage_request_action rest_delete_notification_config;

#endif
