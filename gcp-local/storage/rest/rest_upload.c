/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads in one request: media and multipart. */
#include "base/str.h"
#include "gcp-local/api/gunzip.h"
#include "gcp-local/storage/rest/multipart.h"
#include "gcp-local/storage/rest/rest_actions.h"
#include "gcp-local/storage/rest/upload_metadata.h"

/* An upload's bytes pass: [gunzip] → [multipart] → writer. */
struct upload {
    struct storage *storage;
    char *id; /* of the file in incoming/ */
    struct content_writer writer;
    struct gunzip *gunzip; /* NULL: the body is not compressed */
    struct multipart multipart;
    bool is_multipart;
    struct err refused; /* the header fields are wrong */
};

bool rest_upload_is_gzip(const struct http_exchange *exchange)
{
    const char *coding = headers_get(&exchange->headers, "Content-Encoding");
    return coding && str_equal_any_case(coding, "gzip");
}

static bool write_content(struct bytes piece, void *context, struct err *err)
{
    struct upload *upload = context;
    return content_writer_add(&upload->writer, piece, err);
}

static bool write_plain(struct bytes piece, void *context, struct err *err)
{
    struct upload *upload = context;
    return upload->is_multipart ? multipart_add(&upload->multipart, piece, err)
                                : write_content(piece, upload, err);
}

static bool receive(struct http_exchange *exchange, struct bytes piece, struct err *err)
{
    struct upload *upload = exchange->context;
    if (upload->refused.status) {
        *err = upload->refused;
        return false;
    }
    return upload->gunzip ? gunzip_add(upload->gunzip, piece, err)
                          : write_plain(piece, upload, err);
}

static void upload_ended(struct http_exchange *exchange)
{
    struct upload *upload = exchange->context;
    OWN(free) char *incoming = content_files_incoming_path(upload->id);
    content_files_remove(upload->storage->files, incoming); /* renamed if the upload succeeded */
    content_writer_done(&upload->writer);
    gunzip_close(upload->gunzip);
    multipart_done(&upload->multipart);
    free(upload->id);
    free(upload);
}

static bool prepare(struct upload *upload, struct storage_request *request, struct err *err)
{
    struct http_exchange *exchange = request->exchange;
    OWN(bucket) struct bucket bucket = {0};
    OWN(free) char *incoming = content_files_incoming_path(upload->id);
    if (!catalog_find_bucket(upload->storage->catalog, request->arg[0], &bucket, err))
        return false;
    const char *type = headers_get(&exchange->headers, "Content-Type");
    if (upload->is_multipart &&
        !multipart_open(&upload->multipart, type, write_content, upload, err))
        return false;
    upload->writer.fd = content_files_create(upload->storage->files, incoming, err);
    return upload->writer.fd >= 0;
}

void rest_upload_begin(struct storage_request *request, bool multipart)
{
    struct http_exchange *exchange = request->exchange;
    struct upload *upload = alloc_zeroed(sizeof(*upload));
    upload->storage = request->storage;
    upload->id = storage_request_random_id();
    upload->writer.fd = -1;
    upload->is_multipart = multipart;
    if (rest_upload_is_gzip(exchange))
        upload->gunzip = gunzip_open(write_plain, upload);

    exchange->context = upload;
    exchange->ended = upload_ended;
    exchange->sink = receive;
    exchange->max_body = 0;
    prepare(upload, request, &upload->refused);
}

/* The metadata of a multipart upload; NULL without err when the upload has none. */
static json_t *read_resource(const struct upload *upload, struct err *err)
{
    if (!upload->is_multipart || upload->multipart.json.len == 0)
        return NULL;
    json_t *resource =
        json_from_bytes(buf_bytes(&upload->multipart.json), "metadata", ERR_INPUT, err);
    if (resource && !json_is_object(resource)) {
        json_decref(resource);
        err_set(err, ERR_INPUT, "metadata: must be an object");
        return NULL;
    }
    return resource;
}

bool rest_upload_finish(struct storage_request *request, struct err *err)
{
    struct http_exchange *exchange = request->exchange;
    struct upload *upload = exchange->context;
    if (upload->refused.status) {
        *err = upload->refused;
        return false;
    }
    if ((upload->gunzip && !gunzip_end(upload->gunzip, err)) ||
        (upload->is_multipart && !multipart_end(&upload->multipart, err)))
        return false;
    json_auto_t *resource = read_resource(upload, err);
    if (err->status)
        return false;

    const char *type = upload->is_multipart ? upload->multipart.content_type
                                            : headers_get(&exchange->headers, "Content-Type");
    OWN(upload_metadata) struct upload_metadata metadata = {0};
    if (!upload_metadata_read(&metadata, request->arg[0], exchange->query, resource,
                              type ? type : "application/octet-stream", err))
        return false;
    upload_metadata_expect(&metadata, &exchange->headers);
    content_writer_close(&upload->writer);
    return upload_metadata_install(&metadata, upload->storage, upload->id, &upload->writer,
                                   request->base, err) &&
           storage_request_reply_object(request, &metadata.object);
}
