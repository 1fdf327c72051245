/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads: the whole content or a range of it, as stored or unpacked. */
#include "base/crc32c.h"
#include "base/str.h"
#include "gcp-local/api/gunzip.h"
#include "gcp-local/storage/mutation.h"
#include "gcp-local/storage/rest/ranges.h"
#include "gcp-local/storage/rest/rest_actions.h"

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

/* Google's "decompressive transcoding": gzip is unpacked for clients that do not accept it. */
static bool needs_unpacking(const struct storage_request *request,
                            const struct storage_object *object)
{
    const struct headers *headers = &request->exchange->headers;
    const char *accepted = headers_get(headers, "Accept-Encoding");
    return str_equal(storage_object_field(object, "contentEncoding", ""), "gzip") &&
           !(accepted && strstr(accepted, "gzip")) && !headers_get(headers, "Range") &&
           !strstr(storage_object_field(object, "cacheControl", ""), "no-transform");
}

static bool write_plain(struct bytes piece, void *writer, struct err *err)
{
    return content_writer_add(writer, piece, err);
}

static bool unpack(int fd, int64_t size, struct content_writer *writer, struct err *err)
{
    OWN(gunzip) struct gunzip *gunzip = gunzip_open(write_plain, writer);
    char piece[READ_AT_ONCE];
    for (int64_t offset = 0; offset < size;) {
        ssize_t len = pread(fd, piece, sizeof(piece), offset);
        if (len <= 0)
            return err_set(err, ERR_INTERNAL, "The content cannot be read.");
        if (!gunzip_add(gunzip, (struct bytes){piece, (size_t)len}, err))
            return false;
        offset += len;
    }
    return gunzip_end(gunzip, err);
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

/* Unpacks into a temporary file and sends that. */
static bool send_unpacked(struct storage_request *request, const struct storage_object *object,
                          int packed, struct http_reply *reply, struct err *err)
{
    struct content_files *files = request->storage->files;
    OWN(free) char *id = storage_request_random_id();
    OWN(free) char *path = content_files_incoming_path(id);
    OWN(content_writer) struct content_writer plain = {.fd =
                                                           content_files_create(files, path, err)};
    bool ok = plain.fd >= 0 && unpack(packed, object->size, &plain, err);
    content_files_remove(files, path);
    if (!ok)
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
    int content = *fd;
    *fd = -1;
    send(request, reply, content, range.first, range.last - range.first + 1);
    return true;
}

bool rest_send_content(struct storage_request *request, const struct storage_object *object,
                       int content, struct err *err)
{
    OWN(fd) int fd = content;
    struct http_reply reply = {
        .content_type = storage_object_field(object, "contentType", "application/octet-stream")};
    add_headers(&reply.headers, object);
    struct err cause = {0}; /* ERR_INPUT: not gzip although it says so; sent as it is */
    bool ok =
        (needs_unpacking(request, object) && send_unpacked(request, object, fd, &reply, &cause)) ||
        (cause.status && cause.status != ERR_INPUT ? err_set(err, cause.status, "%s", cause.text)
                                                   : send_range(request, object, &fd, &reply, err));
    headers_done(&reply.headers);
    return ok;
}
