/* SPDX-License-Identifier: Apache-2.0 */
/* Resumable uploads: a session is started, continued, queried, completed or cancelled. */
#include "base/str.h"
#include "gcp-local/api/gunzip.h"
#include "gcp-local/storage/rest/ranges.h"
#include "gcp-local/storage/rest/rest_actions.h"
#include "gcp-local/storage/rest/upload_metadata.h"
#include "gcp-local/storage/upload_session.h"
#include "net/url.h"

#include <string.h>

enum {
    RESUME_INCOMPLETE = 308,
    CLIENT_CLOSED_REQUEST = 499,
};

bool rest_resumable_start(struct storage_request *request, struct err *err)
{
    const char *bucket_name = request->arg[0], *query = request->exchange->query;
    OWN(bucket) struct bucket bucket = {0};
    OWN(upload_metadata) struct upload_metadata upload = {0};
    json_auto_t *resource = storage_request_body(request, err);
    if (!resource || !catalog_find_bucket(request->storage->catalog, bucket_name, &bucket, err) ||
        !upload_metadata_read(&upload, bucket_name, query, resource, NULL, err))
        return false;

    const struct headers *headers = &request->exchange->headers;
    const char *type = headers_get(headers, "X-Upload-Content-Type");
    json_auto_t *record =
        json_pack("{s:s, s:s, s:O, s:s, s:s*}", "bucket", bucket_name, "query", query ? query : "",
                  "resource", resource, "contentType", type ? type : "application/octet-stream",
                  "length", headers_get(headers, "X-Upload-Content-Length"));
    OWN(free) char *id = storage_request_random_id();
    if (!record)
        return err_set(err, ERR_INPUT, "Invalid upload request.");
    if (!catalog_put_session(request->storage->catalog, id, record, err))
        return false;

    OWN(free) char *name = url_encode_text(upload.object.name);
    OWN(free) char *location =
        str_format("%s/upload/storage/v1/b/%s/o?uploadType=resumable&name=%s&upload_id=%s",
                   request->base, bucket_name, name, id);
    struct http_reply reply = {.content_type = "text/plain; charset=utf-8"};
    headers_add(&reply.headers, "Location", location);
    headers_add(&reply.headers, "X-GUploader-UploadID", id);
    http_exchange_reply(request->exchange, &reply);
    return true;
}

/* A request that continues a session. */
struct chunk {
    struct storage *storage;
    struct upload_session *session; /* NULL: the upload is complete, or refused is set */
    uint64_t epoch;                 /* the session's, when this request began */
    struct content_range range;
    int64_t skip;     /* bytes at the beginning of the body that are stored already */
    int64_t received; /* bytes of the body so far, unpacked */
    struct gunzip *gunzip;
    struct err refused; /* the header fields are wrong */
};

static bool superseded(struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "Another request has continued this upload.");
}

static bool write_plain(struct bytes piece, void *context, struct err *err)
{
    struct chunk *chunk = context;
    const struct content_range *range = &chunk->range;
    int64_t limit = range->last >= 0 ? range->last + 1 : range->total;
    chunk->received += (int64_t)piece.len;
    if (limit >= 0 && range->first + chunk->received > limit)
        return err_set(err, ERR_INPUT,
                       "Invalid request.  The request body has more bytes than the Content-Range "
                       "header says.");
    size_t skip = chunk->skip < (int64_t)piece.len ? (size_t)chunk->skip : piece.len;
    chunk->skip -= (int64_t)skip;
    piece.data += skip;
    piece.len -= skip;

    struct upload_session *session = chunk->session;
    pthread_mutex_lock(&session->lock);
    bool ok = session->epoch == chunk->epoch ? content_writer_add(&session->writer, piece, err)
                                             : superseded(err);
    pthread_mutex_unlock(&session->lock);
    return ok;
}

static bool receive(struct http_exchange *exchange, struct bytes piece, struct err *err)
{
    struct chunk *chunk = exchange->context;
    if (chunk->refused.status) {
        *err = chunk->refused;
        return false;
    }
    if (!chunk->session || !chunk->range.has_bytes)
        return true; /* the body of a query does not count */
    return chunk->gunzip ? gunzip_add(chunk->gunzip, piece, err) : write_plain(piece, chunk, err);
}

static void chunk_ended(struct http_exchange *exchange)
{
    struct chunk *chunk = exchange->context;
    if (chunk->session)
        upload_session_release(chunk->storage, chunk->session);
    gunzip_close(chunk->gunzip);
    free(chunk);
}

/* Without a Content-Range the body is the whole object. */
static bool read_range(struct chunk *chunk, const char *field, const json_t *record,
                       struct err *err)
{
    struct content_range *range = &chunk->range;
    *range = (struct content_range){.has_bytes = true, .last = -1, .total = -1};
    if (field && !ranges_parse_content_range(field, range))
        return err_set(err, ERR_INPUT, "Invalid request.  Failed to parse Content-Range: '%s'.",
                       field);
    const char *length = json_string_value(json_object_get(record, "length"));
    int64_t total = 0;
    return range->total < 0 || !str_int(length, 0, INT64_MAX, &total) || total == range->total ||
           err_set(err, ERR_INPUT,
                   "Invalid request.  X-Upload-Content-Length was %s, but Content-Range has a "
                   "total of %lld.",
                   length, (long long)range->total);
}

/* Makes this request the only one that may write, and computes how much of its body is stored. */
static bool take_over(struct chunk *chunk, struct err *err)
{
    struct upload_session *session = chunk->session;
    pthread_mutex_lock(&session->lock);
    int64_t size = session->writer.size;
    bool ok = chunk->range.first <= size ||
              err_set(err, ERR_INPUT,
                      "Invalid request.  According to the Content-Range header, the upload "
                      "offset is %lld byte(s), which exceeds already uploaded size of %lld "
                      "byte(s).",
                      (long long)chunk->range.first, (long long)size);
    if (ok && chunk->range.has_bytes) {
        chunk->epoch = ++session->epoch;
        chunk->skip = size - chunk->range.first;
    }
    pthread_mutex_unlock(&session->lock);
    return ok;
}

static bool prepare(struct chunk *chunk, struct storage_request *request, struct err *err)
{
    const char *field = headers_get(&request->exchange->headers, "Content-Range");
    OWN(free) char *id = storage_request_query(request, "upload_id");
    json_auto_t *record = upload_session_read(chunk->storage, id, request->arg[0], err);
    if (!record || !read_range(chunk, field, record, err))
        return false;
    if (upload_session_is_complete(record))
        return true; /* rest_resumable_continue replies with the object */
    chunk->session = upload_session_acquire(chunk->storage, id, err);
    return chunk->session && take_over(chunk, err);
}

void rest_resumable_begin(struct storage_request *request)
{
    struct http_exchange *exchange = request->exchange;
    struct chunk *chunk = alloc_zeroed(sizeof(*chunk));
    chunk->storage = request->storage;
    if (rest_upload_is_gzip(exchange))
        chunk->gunzip = gunzip_open(write_plain, chunk);
    exchange->context = chunk;
    exchange->ended = chunk_ended;
    exchange->sink = receive;
    exchange->max_body = 0;
    prepare(chunk, request, &chunk->refused);
}

/* False and err when the body was shorter than its Content-Range says. */
static bool check_received(const struct chunk *chunk, struct err *err)
{
    const struct content_range *range = &chunk->range;
    if (chunk->gunzip && chunk->received && !gunzip_end(chunk->gunzip, err))
        return false;
    int64_t expected = range->last - range->first + 1;
    return !range->has_bytes || range->last < 0 || chunk->received == expected ||
           err_set(err, ERR_INPUT,
                   "Invalid request.  There were %lld byte(s) in the request body.  There should "
                   "have been %lld byte(s) (starting at offset %lld and ending at offset %lld) "
                   "according to the Content-Range header.",
                   (long long)chunk->received, (long long)expected, (long long)range->first,
                   (long long)range->last);
}

/* Makes an object of the session's content. */
static bool complete(struct storage_request *request, struct upload_session *session,
                     const json_t *record, struct storage_object *object, struct err *err)
{
    struct storage *storage = request->storage;
    OWN(upload_metadata) struct upload_metadata upload = {0};
    if (!upload_metadata_read(&upload, request->arg[0],
                              json_string_value(json_object_get(record, "query")),
                              json_object_get(record, "resource"),
                              json_string_value(json_object_get(record, "contentType")), err))
        return false;
    upload_metadata_expect(&upload, &request->exchange->headers);
    if (!upload_metadata_install(&upload, storage, session->id, &session->writer, request->base,
                                 err)) {
        /* the hash is finished and cannot be added to: the next request hashes the file again */
        content_hash_done(&session->writer.hash);
        session->writer.size = 0;
        return false;
    }
    json_auto_t *completed =
        json_pack("{s:s, s:s, s:I}", "bucket", request->arg[0], "name", upload.object.name,
                  "generation", (json_int_t)upload.object.generation);
    if (!catalog_put_session(storage->catalog, session->id, completed, err))
        return false;
    upload_session_discard(storage, session->id);
    *object = upload.object;
    upload.object = (struct storage_object){0};
    return true;
}

/* Finds the object that a completed upload became: the client may not have got the reply. */
static bool find_completed(struct storage_request *request, const json_t *record,
                           struct storage_object *object, struct err *err)
{
    return catalog_find_object(request->storage->catalog, request->arg[0],
                               json_string_value(json_object_get(record, "name")),
                               json_integer_value(json_object_get(record, "generation")), object,
                               err);
}

/* Completes the upload if this was its last chunk; else object stays empty, and size is how many
 * bytes are stored. Called with the session's lock held. */
static bool advance(struct storage_request *request, const struct chunk *chunk,
                    struct storage_object *object, int64_t *size, struct err *err)
{
    struct upload_session *session = chunk->session;
    const struct content_range *range = &chunk->range;
    json_auto_t *record = upload_session_read(chunk->storage, session->id, request->arg[0], err);
    if (!record)
        return false;
    if (upload_session_is_complete(record)) /* by another request, meanwhile */
        return find_completed(request, record, object, err);
    if (range->has_bytes && chunk->epoch != session->epoch)
        return superseded(err);
    *size = session->writer.size;
    bool last = range->total >= 0 ? *size == range->total
                                  : range->has_bytes && range->last < 0; /* ends with the body */
    return !last || complete(request, session, record, object, err);
}

/* 308 and what is stored; a client may ask for a status that proxies do not act on. */
static bool reply_incomplete(struct storage_request *request, int64_t size)
{
    const struct headers *headers = &request->exchange->headers;
    bool no_308 = str_equal(headers_get(headers, "X-GUploader-No-308"), "yes");
    struct http_reply reply = {.status = no_308 ? 200 : RESUME_INCOMPLETE,
                               .content_type = "text/plain; charset=utf-8"};
    if (no_308)
        headers_add(&reply.headers, "X-HTTP-Status-Code-Override", "308");
    OWN(free) char *range = str_format("bytes=0-%lld", (long long)size - 1);
    if (size > 0)
        headers_add(&reply.headers, "Range", range);
    http_exchange_reply(request->exchange, &reply);
    return true;
}

bool rest_resumable_continue(struct storage_request *request, struct err *err)
{
    struct chunk *chunk = request->exchange->context;
    OWN(storage_object) struct storage_object object = {0};
    int64_t size = 0;
    bool ok;
    if (chunk->refused.status) {
        *err = chunk->refused;
        return false;
    }
    if (chunk->session) {
        if (!check_received(chunk, err))
            return false;
        pthread_mutex_lock(&chunk->session->lock);
        ok = advance(request, chunk, &object, &size, err);
        pthread_mutex_unlock(&chunk->session->lock);
    } else {
        OWN(free) char *id = storage_request_query(request, "upload_id");
        json_auto_t *record = upload_session_read(chunk->storage, id, request->arg[0], err);
        ok = record && find_completed(request, record, &object, err);
    }
    if (!ok)
        return false;
    return object.name ? storage_request_reply_object(request, &object)
                       : reply_incomplete(request, size);
}

bool rest_resumable_cancel(struct storage_request *request, struct err *err)
{
    OWN(free) char *id = storage_request_query(request, "upload_id");
    if (!id)
        return err_set(err, ERR_INPUT, "Required parameter: upload_id");
    json_auto_t *record = upload_session_read(request->storage, id, request->arg[0], err);
    if (!record || !catalog_delete_session(request->storage->catalog, id, err))
        return false;
    upload_session_discard(request->storage, id);
    http_exchange_reply_empty(request->exchange, CLIENT_CLOSED_REQUEST);
    return true;
}
