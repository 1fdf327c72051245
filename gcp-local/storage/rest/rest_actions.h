/* SPDX-License-Identifier: Apache-2.0 */
/* What the routes of storage_rest.c lead to. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_ACTIONS_H
#define GCP_LOCAL_STORAGE_REST_REST_ACTIONS_H

#include "gcp-local/storage/rest/storage_request.h"

/* Carries out a request and replies to it. False when it failed; the caller replies with err. */
typedef bool rest_action(struct storage_request *request, struct err *err);

/* rest_buckets.c */
rest_action rest_list_buckets;
rest_action rest_insert_bucket;
rest_action rest_get_bucket;
rest_action rest_patch_bucket;
rest_action rest_update_bucket;
rest_action rest_delete_bucket;
rest_action rest_get_bucket_layout;
rest_action rest_list_managed_folders;
rest_action rest_get_bucket_policy;
rest_action rest_set_bucket_policy;
rest_action rest_test_bucket_permissions;
rest_action rest_get_service_account;

/* rest_notification_configs.c */
rest_action rest_insert_notification_config;
rest_action rest_list_notification_configs;
rest_action rest_get_notification_config;
rest_action rest_delete_notification_config;

/* rest_list.c */
rest_action rest_list_objects;

/* rest_objects.c */
rest_action rest_get_object;      /* the resource, or with alt=media the content */
rest_action rest_download_object; /* the content */
rest_action rest_patch_object;
rest_action rest_update_object;
rest_action rest_delete_object;

/* rest_copy.c */
rest_action rest_copy_object;
rest_action rest_rewrite_object;
rest_action rest_compose_object;

/* rest_upload.c: uploads in one request. rest_upload_begin, called when the header fields were
 * read, writes the body to a file piece by piece; rest_upload_finish makes an object of it. */
void rest_upload_begin(struct storage_request *request, bool multipart);
rest_action rest_upload_finish;

/* True if the body has Content-Encoding: gzip. */
bool rest_upload_is_gzip(const struct http_exchange *exchange);

/* rest_resumable.c: uploads in several requests. rest_resumable_begin is called when the header
 * fields of a continuation were read, rest_resumable_continue when its body was. */
rest_action rest_resumable_start; /* POST ?uploadType=resumable */
void rest_resumable_begin(struct storage_request *request);
rest_action rest_resumable_continue; /* PUT ?upload_id= */
rest_action rest_resumable_cancel;   /* DELETE ?upload_id= */

/* rest_download.c: replies with an object's content, or with the part that the Range field asks
 * for. Takes over the descriptor. */
bool rest_send_content(struct storage_request *request, const struct storage_object *object,
                       int content, struct err *err);

#endif
