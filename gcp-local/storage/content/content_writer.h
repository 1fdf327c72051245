/* SPDX-License-Identifier: Apache-2.0 */
/* Writes content to a file, counting and hashing it. */
#ifndef GCP_LOCAL_STORAGE_CONTENT_CONTENT_WRITER_H
#define GCP_LOCAL_STORAGE_CONTENT_CONTENT_WRITER_H

#include "base/buf.h"
#include "gcp-local/storage/content/content_hash.h"

/* All zero but fd is an empty file. */
struct content_writer {
    int fd; /* owned; -1 = closed */
    int64_t size;
    struct content_hash hash;
};

/* Appends a piece. A full disk is ERR_UNAVAILABLE. After a failure the same piece can be added
 * again.
 */
bool content_writer_add(struct content_writer *writer, struct bytes piece, struct err *err);

/* Appends len bytes of a file, starting at offset. */
bool content_writer_add_file(struct content_writer *writer, int fd, int64_t offset, int64_t len,
                             struct err *err);

/* Hashes the existing content of the file; writing continues after it. */
bool content_writer_resume(struct content_writer *writer, struct err *err);

/* The status for an errno of open or write. */
int content_writer_status(int error);

void content_writer_close(struct content_writer *writer); /* keeps size and hash */
void content_writer_done(struct content_writer *writer);

static inline void own_content_writer(struct content_writer *local)
{
    content_writer_done(local);
}

#endif
