/* Downloads: whole or a range, as stored or unpacked. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_DOWNLOAD_H
#define GCP_LOCAL_STORAGE_REST_REST_DOWNLOAD_H

#include "gcp-local/storage/storage_private.h"

/* Sends an object's content: an open file, which is taken over. */
bool download_object(struct request *request, const struct object *object, int content,
                     struct err *err);

#endif
