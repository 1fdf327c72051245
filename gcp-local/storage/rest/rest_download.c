/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads: whole or a range, as stored or unpacked. */
#include "gcp-local/storage/rest/rest_download.h"

#include "base/str.h"
#include "base/crc32c.h"
#include "gcp-local/storage/content/gunzip.h"
#include "gcp-local/storage/mutation.h"
#include "gcp-local/storage/rest/ranges.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PARTIAL_CONTENT = 206,
    RANGE_NOT_SATISFIABLE = 416,
    READ_AT_ONCE = 64 << 10,
};

static void add_number(struct headers *headers, const char *name, int64_t number)
{
    OWN(free) char *text = str_format("%lld", (long long)number);
    headers_add(headers, name, text);
}

static void add_field(struct headers *headers, const char *name,
                      const struct storage_object *object, const char *field)
{
    const char *text = storage_object_field(object, field, NULL);
    if (text)
        headers_add(headers, name, text);
}

static void add_hashes(struct headers *headers, const struct storage_object *object)
{
    char crc[9];
    crc32c_text(object->crc32c, crc);
    OWN(free) char *text = object->md5 ? str_format("crc32c=%s,md5=%s", crc, object->md5)
                                       : str_format("crc32c=%s", crc);
    headers_add(headers, "X-Goog-Hash", text);
}

static void add_last_modified(struct headers *headers, const struct storage_object *object)
{
    char text[64];
    time_t seconds = (time_t)(object->updated / NS_PER_SEC);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    headers_add(headers, "Last-Modified", text);
}

static void add_headers(struct headers *headers, const struct storage_object *object)
{
    OWN(free) char *etag = storage_object_etag(object->generation, object->metageneration);
    headers_add(headers, "ETag", etag);
    headers_add(headers, "Accept-Ranges", "bytes");
    add_last_modified(headers, object);
    add_number(headers, "X-Goog-Generation", object->generation);
    add_number(headers, "X-Goog-Metageneration", object->metageneration);
    headers_add(headers, "X-Goog-Storage-Class",
                storage_object_field(object, "storageClass", "STANDARD"));
    add_hashes(headers, object);
    headers_add(headers, "X-Goog-Stored-Content-Encoding",
                storage_object_field(object, "contentEncoding", "identity"));
    add_number(headers, "X-Goog-Stored-Content-Length", object->size);
    add_field(headers, "Cache-Control", object, "cacheControl");
    add_field(headers, "Content-Disposition", object, "contentDisposition");
    add_field(headers, "Content-Language", object, "contentLanguage");
}

/* Whether the client takes packed content as it is. */
static bool accepts_gzip(const struct headers *headers)
{
    const char *accepted = headers_get(headers, "Accept-Encoding");
    return accepted && strstr(accepted, "gzip");
}

static bool is_unpacked_on_the_way(const struct storage_request *request,
                                   const struct storage_object *object)
{
    return str_equal(storage_object_field(object, "contentEncoding", ""), "gzip") &&
           !accepts_gzip(&request->exchange->headers) &&
           !headers_get(&request->exchange->headers, "Range") &&
           !strstr(storage_object_field(object, "cacheControl", ""), "no-transform");
}

static bool write_plain(struct bytes piece, void *to, struct err *err)
{
    return content_writer_add(to, piece, err);
}

static bool unpack(int from, int64_t size, struct content_writer *writer, struct err *err)
{
    OWN(gunzip) struct gunzip *gunzip = gunzip_open(write_plain, writer);
    char piece[READ_AT_ONCE];
    for (int64_t at = 0; at < size;) {
        ssize_t len = pread(from, piece, sizeof(piece), at);
        if (len <= 0)
            return err_set(err, ERR_INTERNAL, "The content cannot be read.");
        if (!gunzip_add(gunzip, (struct bytes){piece, (size_t)len}, err))
            return false;
        at += len;
    }
    return gunzip_end(gunzip, err);
}

/* Unpacks into a file that nobody else sees. */
static bool unpack_to_file(struct storage *storage, int from, int64_t size,
                           struct content_writer *writer, struct err *err)
{
    OWN(free) char *id = storage_request_random_id();
    OWN(free) char *path = storage_incoming_path(id);
    writer->fd = content_files_create(storage->files, path, err);
    bool fine = writer->fd >= 0 && unpack(from, size, writer, err);
    content_files_remove(storage->files, path);
    return fine;
}

/* Sends len bytes of an open file, which is taken over. */
static void send(struct storage_request *request, struct http_reply *reply, int fd, int64_t offset,
                 int64_t len)
{
    if (len == 0) {
        close(fd);
    } else {
        reply->has_file = true;
        reply->file = fd;
        reply->file_offset = (uint64_t)offset;
        reply->file_len = (uint64_t)len;
    }
    http_exchange_reply(request->exchange, reply);
}

static bool send_unpacked(struct storage_request *request, const struct storage_object *object,
                          int from, struct http_reply *reply, struct err *err)
{
    OWN(content_writer) struct content_writer plain = {.fd = -1};
    if (!unpack_to_file(request->storage, from, object->size, &plain, err))
        return false;
    headers_add(&reply->headers, "Warning", "214 UploadServer gunzipped");
    int fd = plain.fd;
    plain.fd = -1;
    send(request, reply, fd, 0, plain.size);
    return true;
}

static bool send_range(struct storage_request *request, const struct storage_object *object,
                       int *fd, struct http_reply *reply, struct err *err)
{
    struct byte_range range = {0, object->size - 1};
    const char *field = headers_get(&request->exchange->headers, "Range");
    switch (ranges_parse(field, object->size, &range)) {
    case RANGE_UNSATISFIABLE:
        return err_set(err, RANGE_NOT_SATISFIABLE, "Request range not satisfiable");
    case RANGE_PART: {
        OWN(free) char *content_range = str_format("bytes %lld-%lld/%lld", (long long)range.first,
                                                   (long long)range.last, (long long)object->size);
        reply->status = PARTIAL_CONTENT;
        headers_add(&reply->headers, "Content-Range", content_range);
        break;
    }
    case RANGE_WHOLE:
        break;
    }
    add_field(&reply->headers, "Content-Encoding", object, "contentEncoding");
    int mine = *fd;
    *fd = -1;
    send(request, reply, mine, range.first, range.last - range.first + 1);
    return true;
}

bool rest_send_content(struct storage_request *request, const struct storage_object *object,
                       int content, struct err *err)
{
    OWN(fd) int fd = content;
    struct http_reply reply = {
        .content_type = storage_object_field(object, "contentType", "application/octet-stream")};
    add_headers(&reply.headers, object);
    struct err no_gzip = {0}; /* what only says that it is gzip is sent as it is */
    bool fine = (is_unpacked_on_the_way(request, object) &&
                 send_unpacked(request, object, fd, &reply, &no_gzip)) ||
                (no_gzip.status && no_gzip.status != ERR_INPUT
                     ? err_set(err, no_gzip.status, "%s", no_gzip.text)
                     : send_range(request, object, &fd, &reply, err));
    headers_done(&reply.headers);
    return fine;
}
