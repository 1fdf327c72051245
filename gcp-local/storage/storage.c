/* SPDX-License-Identifier: Apache-2.0 */
/* Cloud Storage on this machine: opening, reading, resetting. */
#include "gcp-local/storage/storage.h"

#include "base/str.h"
#include "gcp-local/storage/mutation.h"
#include "gcp-local/storage/upload_session.h"

#include <unistd.h>

enum {
    SESSION_DAYS = 7,
    MAX_OPEN_TRIES = 10, /* of an object that is replaced all the time */
};

struct storage *storage_open(const struct storage_options *options, struct err *err)
{
    OWN(storage) struct storage *storage = alloc_zeroed(sizeof(*storage));
    OWN(free) char *folder = options->data_dir ? str_format("%s/storage", options->data_dir) : NULL;
    OWN(free) char *file = folder ? str_format("%s/metadata.db", folder) : NULL;
    int64_t oldest = timestamp_now_ns() - (int64_t)SESSION_DAYS * 24 * 3600 * NS_PER_SEC;
    storage->options = *options;
    storage->options.data_dir = NULL; /* was only borrowed */
    storage->files = content_files_open(folder, err);
    storage->catalog = storage->files ? catalog_open(file, err) : NULL;
    storage->sessions = upload_session_table_open();
    if (!storage->catalog || !catalog_expire_sessions(storage->catalog, oldest, err)) {
        err_wrap(err, "storage");
        return NULL;
    }
    mutation_recover(storage);
    return move_ptr(&storage);
}

void storage_close(struct storage *storage)
{
    if (!storage)
        return;
    upload_session_table_close(storage->sessions);
    catalog_close(storage->catalog);
    content_files_close(storage->files);
    free(storage);
}

bool storage_reset(struct storage *storage, struct err *err)
{
    if (!catalog_reset(storage->catalog, err))
        return false;
    upload_session_table_reset(storage);
    content_files_reset(storage->files);
    return true;
}

int storage_open_object(struct storage *storage, const char *bucket, const char *name,
                        int64_t generation, struct storage_object *object, struct err *err)
{
    for (int i = 0; i < MAX_OPEN_TRIES; i++) {
        storage_object_done(object);
        if (!catalog_find_object(storage->catalog, bucket, name, generation, object, err))
            return -1;
        OWN(free) char *path = content_files_object_path(bucket, object->generation);
        struct err cause = {0};
        int fd = content_files_read(storage->files, path, &cause);
        if (fd >= 0)
            return fd;
        if (cause.status != ERR_NOT_FOUND) { /* else it was replaced meanwhile */
            *err = cause;
            return -1;
        }
    }
    err_set(err, ERR_UNAVAILABLE, "%s/%s changes too often to be read; try again.", bucket, name);
    return -1;
}

bool storage_read_object(struct storage *storage, const char *bucket, const char *object,
                         size_t max, struct buf *out, struct err *err)
{
    OWN(storage_object) struct storage_object found = {0};
    OWN(fd) int fd = storage_open_object(storage, bucket, object, 0, &found, err);
    if (fd < 0)
        return false;
    size_t size = (size_t)found.size;
    char *content = size <= max ? buf_reserve(out, size) : NULL;
    if (!content)
        return err_set(err, ERR_TOO_LARGE, "gs://%s/%s has %zu bytes, the limit is %zu", bucket,
                       object, size, max);
    for (size_t done = 0; done < size;) {
        ssize_t len = pread(fd, content + done, size - done, (off_t)done);
        if (len <= 0)
            return err_set(err, ERR_INTERNAL, "cannot read gs://%s/%s", bucket, object);
        done += (size_t)len;
    }
    content[size] = '\0';
    out->len += size;
    return true;
}
