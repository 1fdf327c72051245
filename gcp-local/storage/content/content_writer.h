/* SPDX-License-Identifier: Apache-2.0 */
/* Content on its way to a file: written, counted and hashed. */
#ifndef GCP_LOCAL_STORAGE_CONTENT_CONTENT_WRITER_H
#define GCP_LOCAL_STORAGE_CONTENT_CONTENT_WRITER_H

#include "base/buf.h"
#include "gcp-local/storage/content/content_hash.h"

/* Zero but for fd is a file of which nothing was written yet. */
struct content_writer {
    int fd; /* owned; -1 = closed */
    int64_t size;
    struct content_hash hash;
};

/* Appends. A full disk is ERR_UNAVAILABLE; what was not written whole can be written again. */
bool content_writer_add(struct content_writer *writer, struct bytes piece, struct err *err);

/* Appends len bytes of a file from an offset on. */
bool content_writer_add_file(struct content_writer *writer, int fd, int64_t offset, int64_t len,
                             struct err *err);

/* Hashes what the file holds already, so that writing goes on behind it. */
bool content_writer_resume(struct content_writer *writer, struct err *err);

/* The status for our caller when the system refused to write or open. */
int content_writer_status(int error);

void content_writer_close(struct content_writer *writer); /* keeps size and hash */
void content_writer_done(struct content_writer *writer);

static inline void own_content_writer(struct content_writer *local)
{
    content_writer_done(local);
}

#endif
