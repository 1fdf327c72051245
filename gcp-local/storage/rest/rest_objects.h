/* What can be asked about one object. */
#ifndef GCP_LOCAL_STORAGE_REST_REST_OBJECTS_H
#define GCP_LOCAL_STORAGE_REST_REST_OBJECTS_H

#include "gcp-local/storage/storage_private.h"

request_action object_get;      /* the resource, or with alt=media the content */
request_action object_download; /* the content */
request_action object_patch;
request_action object_update;
request_action object_delete;

/* The live object, or the generation asked for, and its content opened to read. -1 and err when
 * there is none. */
int object_open(struct storage *storage, const char *bucket, const char *name, int64_t generation,
                struct object *object, struct err *err);

#endif
