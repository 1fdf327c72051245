/* Content on its way to a file: written, counted and hashed. */
#ifndef GCP_LOCAL_STORAGE_CONTENT_CONTENT_WRITER_H
#define GCP_LOCAL_STORAGE_CONTENT_CONTENT_WRITER_H

#include "base/buf.h"
#include "gcp-local/storage/content/content_hash.h"

/* Zero but for fd is a file of which nothing was written yet. */
struct writer {
    int fd; /* owned; -1 = closed */
    int64_t size;
    struct hash hash;
};

/* Appends. A full disk is ERR_UNAVAILABLE; what was not written whole can be written again. */
bool writer_add(struct writer *writer, struct bytes piece, struct err *err);

/* Appends len bytes of a file from an offset on. */
bool writer_add_file(struct writer *writer, int fd, int64_t offset, int64_t len, struct err *err);

/* Hashes what the file holds already, so that writing goes on behind it. */
bool writer_resume(struct writer *writer, struct err *err);

/* The status for our caller when the system refused to write or open. */
int writer_status(int error);

void writer_close(struct writer *writer); /* keeps size and hash */
void writer_done(struct writer *writer);

static inline void own_writer(struct writer *local)
{
    writer_done(local);
}

#endif
