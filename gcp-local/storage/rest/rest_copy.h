/* Objects made of others: copy, rewrite, compose. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_COPY_H
#define GCP_LOCAL_STORAGE_REST_REST_COPY_H

#include "gcp-local/storage/storage_private.h"

request_action object_copy;
request_action object_rewrite;
request_action object_compose;

#endif
