/* SPDX-License-Identifier: Apache-2.0 */
/* Objects made of others: copy, rewrite, compose. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_COPY_H
#define GCP_LOCAL_STORAGE_REST_REST_COPY_H

#include "gcp-local/storage/storage_private.h"

storage_request_action rest_copy_object;
storage_request_action rest_rewrite_object;
storage_request_action rest_compose_object;

#endif
