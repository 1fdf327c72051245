/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked about buckets and projects. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_BUCKETS_H
#define GCP_LOCAL_STORAGE_REST_REST_BUCKETS_H

#include "gcp-local/storage/storage_private.h"

storage_request_action rest_list_buckets;
storage_request_action rest_insert_bucket;
storage_request_action rest_get_bucket;
storage_request_action rest_patch_bucket;
storage_request_action rest_update_bucket;
storage_request_action rest_delete_bucket;
storage_request_action rest_get_bucket_layout;
storage_request_action rest_list_managed_folders;
storage_request_action rest_get_bucket_policy;
storage_request_action rest_set_bucket_policy;
storage_request_action rest_test_bucket_permissions;
storage_request_action rest_get_service_account;

#endif
