/* SPDX-License-Identifier: Apache-2.0 */
/* Cloud Storage's JSON API on this machine: buckets, objects, notification configs.
 *
 * Metadata is in SQLite (catalog.h), content in files (files.h). Uploads and downloads never hold
 * more than a piece in memory; an upload is seen when it is complete, or never. */
#ifndef GCP_LOCAL_STORAGE_STORAGE_H
#define GCP_LOCAL_STORAGE_STORAGE_H

#include "base/buf.h"
#include "net/server/http_server.h"

#include <jansson.h>
#include <stdbool.h>

struct storage;

/* Publishes a message to "projects/P/topics/T". attributes is an object of texts; borrowed. */
typedef bool storage_publish(const char *topic, const json_t *attributes, struct bytes data,
                             void *context, struct err *err);

/* Whether "projects/P/topics/T" exists. */
typedef bool storage_topic_exists(const char *topic, void *context);

struct storage_options {
    /* Everything is kept in data_dir/storage, which is made; NULL: nothing is kept. */
    const char *data_dir;
    storage_publish *publish;           /* NULL: notifications go nowhere */
    storage_topic_exists *topic_exists; /* NULL: any topic will do for a notification config */
    void *context;                      /* for both */
};

struct storage *storage_open(const struct storage_options *options, struct err *err);

/* When no exchange of the server is left. */
void storage_close(struct storage *storage);

static inline void own_storage(struct storage **local)
{
    storage_close(*local);
}

/* Whether a path is ours. To be asked last: any /BUCKET/OBJECT is, as in the XML API. */
bool storage_owns(const char *path);

/* The handlers of http_server.h for such a path, and the error body; app is the storage. */
void storage_begin(struct http_exchange *exchange, void *storage);
void storage_handle(struct http_exchange *exchange, void *storage);
void storage_refuse(struct http_exchange *exchange, const struct err *err, void *storage);

/* Reads the whole live object. ERR_NOT_FOUND, or ERR_TOO_LARGE when it is over max bytes. */
bool storage_read_object(struct storage *storage, const char *bucket, const char *object,
                         size_t max, struct buf *out, struct err *err);

/* Forgets everything, content and upload sessions too. */
bool storage_reset(struct storage *storage, struct err *err);

#endif
