/* SPDX-License-Identifier: Apache-2.0 */
/* Cloud Storage on this machine: buckets, objects, notification configs. rest/storage_rest.h serves
 * it over HTTP.
 *
 * Metadata is in SQLite (catalog/catalog.h), content in files (content/content_files.h). Uploads
 * and downloads are streamed; an upload becomes visible when it is complete. */
#ifndef GCP_LOCAL_STORAGE_STORAGE_H
#define GCP_LOCAL_STORAGE_STORAGE_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

struct storage;

/* Publishes a message to "projects/P/topics/T". attributes is an object of strings; borrowed. */
typedef bool storage_publish(const char *topic, const json_t *attributes, struct bytes data,
                             void *context, struct err *err);

/* True if "projects/P/topics/T" exists. */
typedef bool storage_topic_exists(const char *topic, void *context);

struct storage_options {
    const char *data_dir;               /* files are in data_dir/storage; NULL: in memory */
    storage_publish *publish;           /* NULL: no notifications */
    storage_topic_exists *topic_exists; /* NULL: notification configs may name any topic */
    void *context;                      /* for both */
};

struct storage *storage_open(const struct storage_options *options, struct err *err);

/* Call it after the HTTP server is closed. */
void storage_close(struct storage *storage);

static inline void own_storage(struct storage **local)
{
    storage_close(*local);
}

/* Reads a whole live object into out. ERR_NOT_FOUND; ERR_TOO_LARGE when it has more than max bytes.
 */
bool storage_read_object(struct storage *storage, const char *bucket, const char *object,
                         size_t max, struct buf *out, struct err *err);

/* Deletes all buckets with their content, notification configs and upload sessions. */
bool storage_reset(struct storage *storage, struct err *err);

#endif
