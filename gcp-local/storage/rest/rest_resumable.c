/* SPDX-License-Identifier: Apache-2.0 */
/* Resumable uploads: a session is begun, continued, asked about, finished or cancelled. */
#include "gcp-local/storage/rest/rest_resumable.h"

#include "base/str.h"
#include "gcp-local/storage/content/gunzip.h"
#include "gcp-local/storage/rest/ranges.h"
#include "gcp-local/storage/rest/rest_upload.h"
#include "gcp-local/storage/rest/upload_metadata.h"
#include "gcp-local/storage/upload_session.h"
#include "net/url.h"

#include <string.h>

enum {
    RESUME_INCOMPLETE = 308,
    CLIENT_CLOSED_REQUEST = 499,
};

static json_t *session_from(struct storage_request *request, json_t *resource)
{
    const struct headers *headers = &request->exchange->headers;
    const char *query = request->exchange->query;
    const char *type = headers_get(headers, "X-Upload-Content-Type");
    const char *length = headers_get(headers, "X-Upload-Content-Length");
    return json_pack("{s:s, s:s, s:O, s:s, s:s*}", "bucket", request->arg[0], "query",
                     query ? query : "", "resource", resource, "contentType",
                     type ? type : "application/octet-stream", "length", length);
}

static char *location_of(struct storage_request *request, const char *name, const char *id)
{
    OWN(free) char *encoded = url_encode_text(name);
    return str_format("%s/upload/storage/v1/b/%s/o?uploadType=resumable&name=%s&upload_id=%s",
                      request->base, request->arg[0], encoded, id);
}

bool rest_resumable_start(struct storage_request *request, struct err *err)
{
    OWN(bucket) struct bucket bucket = {0};
    OWN(upload_metadata) struct upload_metadata upload_metadata = {0};
    json_auto_t *resource = storage_request_body(request, err);
    if (!resource ||
        !catalog_find_bucket(request->storage->catalog, request->arg[0], &bucket, err) ||
        !upload_metadata_read(&upload_metadata, request->arg[0], request->exchange->query, resource,
                              NULL, err))
        return false;

    json_auto_t *session = session_from(request, resource);
    OWN(free) char *id = storage_request_random_id();
    if (!session)
        return err_set(err, ERR_INPUT, "Invalid upload request.");
    if (!catalog_put_session(request->storage->catalog, id, session, err))
        return false;

    OWN(free) char *location = location_of(request, upload_metadata.object.name, id);
    struct http_reply reply = {.content_type = "text/plain; charset=utf-8"};
    headers_add(&reply.headers, "Location", location);
    headers_add(&reply.headers, "X-GUploader-UploadID", id);
    http_exchange_reply(request->exchange, &reply);
    return true;
}

/* A request that continues a session. */
struct chunk {
    struct storage *storage;
    struct upload_session *session; /* NULL: it has ended, or err is set */
    uint64_t turn;
    struct content_range range;
    int64_t skip;     /* bytes at the beginning that are here already */
    int64_t received; /* of this body, unpacked */
    struct gunzip *gunzip;
    struct err refused;
};

static bool take_plain(struct bytes piece, void *to, struct err *err)
{
    struct chunk *chunk = to;
    chunk->received += (int64_t)piece.len;
    const struct content_range *range = &chunk->range;
    int64_t limit = range->last >= 0 ? range->last + 1 : range->total;
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
    bool fine = session->turn == chunk->turn
                    ? content_writer_add(&session->writer, piece, err)
                    : err_set(err, ERR_UNAVAILABLE, "Another request has continued this upload.");
    pthread_mutex_unlock(&session->lock);
    return fine;
}

static bool take_piece(struct http_exchange *exchange, struct bytes piece, struct err *err)
{
    struct chunk *chunk = exchange->context;
    if (chunk->refused.status) {
        *err = chunk->refused;
        return false;
    }
    if (!chunk->session || !chunk->range.has_bytes)
        return true; /* a question needs no body */
    return chunk->gunzip ? gunzip_add(chunk->gunzip, piece, err) : take_plain(piece, chunk, err);
}

static void chunk_ended(struct http_exchange *exchange)
{
    struct chunk *chunk = exchange->context;
    if (chunk->session)
        upload_session_release(chunk->storage, chunk->session);
    gunzip_close(chunk->gunzip);
    free(chunk);
}

/* Without a Content-Range, the body is the whole object. */
static bool read_range(struct chunk *chunk, const struct http_exchange *exchange, struct err *err)
{
    const char *field = headers_get(&exchange->headers, "Content-Range");
    if (!field) {
        chunk->range = (struct content_range){.has_bytes = true, .last = -1, .total = -1};
        return true;
    }
    return ranges_parse_content_range(field, &chunk->range) ||
           err_set(err, ERR_INPUT, "Invalid request.  Failed to parse Content-Range: '%s'.", field);
}

static bool check_length(const struct chunk *chunk, const json_t *upload_request, struct err *err)
{
    const char *length = json_string_value(json_object_get(upload_request, "length"));
    int64_t total = 0;
    return chunk->range.total < 0 || !str_int(length, 0, INT64_MAX, &total) ||
           total == chunk->range.total ||
           err_set(err, ERR_INPUT,
                   "Invalid request.  X-Upload-Content-Length was %s, but Content-Range has a "
                   "total of %lld.",
                   length, (long long)chunk->range.total);
}

/* Takes the turn to write, and finds out how much of the body is here already. */
static bool take_turn(struct chunk *chunk, struct err *err)
{
    struct upload_session *session = chunk->session;
    pthread_mutex_lock(&session->lock);
    int64_t size = session->writer.size;
    bool fine = chunk->range.first <= size ||
                err_set(err, ERR_INPUT,
                        "Invalid request.  According to the Content-Range header, the upload "
                        "offset is %lld byte(s), which exceeds already uploaded size of %lld "
                        "byte(s).",
                        (long long)chunk->range.first, (long long)size);
    if (fine && chunk->range.has_bytes) {
        chunk->turn = ++session->turn;
        chunk->skip = size - chunk->range.first;
    }
    pthread_mutex_unlock(&session->lock);
    return fine;
}

static bool prepare(struct chunk *chunk, struct storage_request *request, struct err *err)
{
    OWN(free) char *id = storage_request_query(request, "upload_id");
    json_auto_t *upload_request = upload_session_read(chunk->storage, id, request->arg[0], err);
    if (!upload_request || !read_range(chunk, request->exchange, err))
        return false;
    if (json_object_get(upload_request, "generation"))
        return true; /* it has ended: answered below */
    if (!check_length(chunk, upload_request, err))
        return false;
    chunk->session = upload_session_acquire(chunk->storage, id, err);
    return chunk->session && take_turn(chunk, err);
}

void rest_resumable_begin(struct storage_request *request)
{
    struct http_exchange *exchange = request->exchange;
    struct chunk *chunk = alloc_zeroed(sizeof(*chunk));
    chunk->storage = request->storage;
    if (rest_upload_is_gzip(exchange))
        chunk->gunzip = gunzip_open(take_plain, chunk);
    exchange->context = chunk;
    exchange->ended = chunk_ended;
    exchange->sink = take_piece;
    exchange->max_body = 0;
    prepare(chunk, request, &chunk->refused);
}

/* 308 with what is here; a client may ask for a status that proxies leave alone. */
static bool reply_incomplete(struct storage_request *request, int64_t size)
{
    const struct headers *headers = &request->exchange->headers;
    bool plain = str_equal(headers_get(headers, "X-GUploader-No-308"), "yes");
    struct http_reply reply = {.status = plain ? 200 : RESUME_INCOMPLETE,
                               .content_type = "text/plain; charset=utf-8"};
    if (plain)
        headers_add(&reply.headers, "X-HTTP-Status-Code-Override", "308");
    OWN(free) char *range = str_format("bytes=0-%lld", (long long)size - 1);
    if (size > 0)
        headers_add(&reply.headers, "Range", range);
    http_exchange_reply(request->exchange, &reply);
    return true;
}

/* What a chunk led to: the object, or (empty) an upload that has so many bytes. */
struct outcome {
    struct storage_object object;
    int64_t size;
};

static void own_outcome(struct outcome *local)
{
    storage_object_done(&local->object);
}

/* Once more what the upload became, for a client that did not get the answer. */
static bool find_ended(struct storage_request *request, const json_t *upload_request,
                       struct outcome *outcome, struct err *err)
{
    return catalog_find_object(request->storage->catalog, request->arg[0],
                               json_string_value(json_object_get(upload_request, "name")),
                               json_integer_value(json_object_get(upload_request, "generation")),
                               &outcome->object, err);
}

static bool finish(struct storage_request *request, struct upload_session *session,
                   const json_t *upload_request, struct outcome *outcome, struct err *err)
{
    OWN(upload_metadata) struct upload_metadata upload_metadata = {0};
    if (!upload_metadata_read(&upload_metadata, request->arg[0],
                              json_string_value(json_object_get(upload_request, "query")),
                              json_object_get(upload_request, "resource"),
                              json_string_value(json_object_get(upload_request, "contentType")),
                              err))
        return false;
    upload_metadata_expect(&upload_metadata, &request->exchange->headers);
    struct storage *storage = request->storage;
    bool fine = upload_metadata_install(&upload_metadata, storage, session->id, &session->writer,
                                        request->base, err);
    if (!fine) { /* the hash has been ended: what comes next reads the file again */
        content_hash_done(&session->writer.hash);
        session->writer.size = 0;
        return false;
    }
    json_auto_t *ended =
        json_pack("{s:s, s:s, s:I}", "bucket", request->arg[0], "name", upload_metadata.object.name,
                  "generation", (json_int_t)upload_metadata.object.generation);
    if (!catalog_put_session(storage->catalog, session->id, ended, err))
        return false;
    upload_session_discard(storage, session->id);
    outcome->object = upload_metadata.object;
    upload_metadata.object = (struct storage_object){0};
    return true;
}

/* Whether all of a body came that its Content-Range announced. */
static bool is_whole(const struct chunk *chunk, struct err *err)
{
    const struct content_range *range = &chunk->range;
    if (chunk->gunzip && chunk->received && !gunzip_end(chunk->gunzip, err))
        return false;
    int64_t want = range->last - range->first + 1;
    return !range->has_bytes || range->last < 0 || chunk->received == want ||
           err_set(err, ERR_INPUT,
                   "Invalid request.  There were %lld byte(s) in the request body.  There should "
                   "have been %lld byte(s) (starting at offset %lld and ending at offset %lld) "
                   "according to the Content-Range header.",
                   (long long)chunk->received, (long long)want, (long long)range->first,
                   (long long)range->last);
}

/* Whether the object is complete when so much of it is here. */
static bool is_last(const struct content_range *range, int64_t size)
{
    if (range->total >= 0)
        return size == range->total;
    return range->has_bytes && range->last < 0; /* the end of the body is the end of the object */
}

/* Under the session's lock. */
static bool go_on(struct storage_request *request, struct chunk *chunk, struct outcome *outcome,
                  struct err *err)
{
    struct upload_session *session = chunk->session;
    json_auto_t *upload_request =
        upload_session_read(chunk->storage, session->id, request->arg[0], err);
    if (!upload_request)
        return false;
    if (json_object_get(upload_request, "generation"))
        return find_ended(request, upload_request, outcome,
                          err); /* somebody else has just finished it */
    if (chunk->range.has_bytes && chunk->turn != session->turn)
        return err_set(err, ERR_UNAVAILABLE, "Another request has continued this upload.");
    outcome->size = session->writer.size;
    return !is_last(&chunk->range, session->writer.size) ||
           finish(request, session, upload_request, outcome, err);
}

static bool find_outcome(struct storage_request *request, struct chunk *chunk,
                         struct outcome *outcome, struct err *err)
{
    if (chunk->refused.status) {
        *err = chunk->refused;
        return false;
    }
    if (!chunk->session) {
        OWN(free) char *id = storage_request_query(request, "upload_id");
        json_auto_t *upload_request = upload_session_read(chunk->storage, id, request->arg[0], err);
        return upload_request && find_ended(request, upload_request, outcome, err);
    }
    if (!is_whole(chunk, err))
        return false;
    pthread_mutex_lock(&chunk->session->lock);
    bool fine = go_on(request, chunk, outcome, err);
    pthread_mutex_unlock(&chunk->session->lock);
    return fine;
}

bool rest_resumable_continue(struct storage_request *request, struct err *err)
{
    OWN(outcome) struct outcome outcome = {0};
    if (!find_outcome(request, request->exchange->context, &outcome, err))
        return false;
    return outcome.object.name ? storage_request_reply_object(request, &outcome.object)
                               : reply_incomplete(request, outcome.size);
}

bool rest_resumable_cancel(struct storage_request *request, struct err *err)
{
    OWN(free) char *id = storage_request_query(request, "upload_id");
    json_auto_t *upload_request =
        id ? upload_session_read(request->storage, id, request->arg[0], err)
           : (err_set(err, ERR_INPUT, "Required parameter: upload_id"), NULL);
    if (!upload_request || !catalog_delete_session(request->storage->catalog, id, err))
        return false;
    upload_session_discard(request->storage, id);
    http_exchange_reply_empty(request->exchange, CLIENT_CLOSED_REQUEST);
    return true;
}
