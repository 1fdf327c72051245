/* What can be asked about buckets and projects. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_BUCKETS_H
#define GCP_LOCAL_STORAGE_REST_REST_BUCKETS_H

#include "gcp-local/storage/storage_private.h"

request_action bucket_list;
request_action bucket_insert;
request_action bucket_get;
request_action bucket_patch;
request_action bucket_update;
request_action bucket_delete;
request_action bucket_layout;
request_action bucket_managed_folders;
request_action bucket_get_policy;
request_action bucket_set_policy;
request_action bucket_test_permissions;
request_action project_service_account;

#endif
