/* SPDX-License-Identifier: Apache-2.0 */
/* Writes content to a file, counting and hashing it. */
#include "gcp-local/storage/content/content_writer.h"

#include "base/own.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 64 << 10 };

int content_writer_status(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
        return ERR_UNAVAILABLE; /* the same request may work later */
    default:
        return ERR_INTERNAL;
    }
}

bool content_writer_add(struct content_writer *writer, struct bytes piece, struct err *err)
{
    for (size_t done = 0; done < piece.len;) {
        ssize_t len =
            pwrite(writer->fd, piece.data + done, piece.len - done, writer->size + (int64_t)done);
        if (len < 0 && errno == EINTR)
            continue;
        if (len <= 0)
            return err_set(err, content_writer_status(errno), "The content cannot be stored: %s.",
                           strerror(errno));
        done += (size_t)len;
    }
    content_hash_add(&writer->hash, piece);
    writer->size += (int64_t)piece.len;
    return true;
}

/* Calls each with all pieces of a range of a file. */
static bool read_pieces(int fd, int64_t offset, int64_t len,
                        bool (*each)(struct content_writer *writer, struct bytes piece,
                                     struct err *err),
                        struct content_writer *writer, struct err *err)
{
    char piece[CHUNK];
    while (len > 0) {
        size_t size = len < CHUNK ? (size_t)len : CHUNK;
        ssize_t got = pread(fd, piece, size, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_set(err, ERR_INTERNAL, "The content cannot be read: %s.",
                           got < 0 ? strerror(errno) : "the file is shorter than expected");
        if (!each(writer, (struct bytes){piece, (size_t)got}, err))
            return false;
        offset += got;
        len -= got;
    }
    return true;
}

bool content_writer_add_file(struct content_writer *writer, int fd, int64_t offset, int64_t len,
                             struct err *err)
{
    return read_pieces(fd, offset, len, content_writer_add, writer, err);
}

static bool hash_only(struct content_writer *writer, struct bytes piece, struct err *err)
{
    (void)err;
    content_hash_add(&writer->hash, piece);
    writer->size += (int64_t)piece.len;
    return true;
}

bool content_writer_resume(struct content_writer *writer, struct err *err)
{
    struct stat status;
    if (fstat(writer->fd, &status) < 0)
        return err_set(err, ERR_INTERNAL, "The content cannot be read: %s.", strerror(errno));
    return read_pieces(writer->fd, 0, status.st_size, hash_only, writer, err);
}

void content_writer_close(struct content_writer *writer)
{
    if (writer->fd >= 0)
        close(writer->fd);
    writer->fd = -1;
}

void content_writer_done(struct content_writer *writer)
{
    content_writer_close(writer);
    content_hash_done(&writer->hash);
    *writer = (struct content_writer){.fd = -1};
}
