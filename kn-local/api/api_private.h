/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the Kubernetes API share; included by nothing else. */
#ifndef KN_LOCAL_API_API_PRIVATE_H
#define KN_LOCAL_API_API_PRIVATE_H

#include "kn-local/api/api_request_path.h"
#include "kn-local/api/api_server.h"
#include "kn-local/api/selector.h"

struct response_streams;

struct api_server {
    struct api_server_options options;
    struct response_streams *streams;
};

/* A request for objects of a kind. */
struct api_request {
    struct api_server *server;
    struct http_exchange *exchange;
    const struct kind *kind;
    struct api_request_path path;
};

static inline struct object_key api_request_key(const struct api_request *request)
{
    const struct api_request_path *path = &request->path;
    return (struct object_key){request->kind, path->ns ? path->ns : "", path->name};
}

/* Discovery: answers and returns true when the path is one of its documents. */
bool api_discover(struct http_exchange *exchange);

/* The verbs; each answers the request. api_watch and a followed api_pod_log go on answering until
 * the client closes the connection. */
void api_get(struct api_request *request);
void api_list(struct api_request *request);
void api_watch(struct api_request *request);
void api_create(struct api_request *request);
void api_replace(struct api_request *request);
void api_patch(struct api_request *request);
void api_delete(struct api_request *request);
void api_delete_collection(struct api_request *request);
void api_pod_log(struct api_request *request);

/* Server-side apply of a configuration, which also creates the object. Answers. */
void api_apply(struct api_request *request, const json_t *applied);

/* Answers with an error: as a Status about a kind and a name (both may be NULL), about what the
 * request is for, or about an object that is not valid (400 for an unknown field, else 422). */
void api_reply_status(struct http_exchange *exchange, const struct err *err,
                      const struct kind *kind, const char *name);
void api_reply_error(struct api_request *request, const struct err *err);
void api_reply_validation_error(struct api_request *request, const char *name,
                                const struct validation_error *problem);

/* An error as a Status object. */
json_t *api_status_from_err(const struct err *err, const struct kind *kind, const char *name);

/* Answers with a stored object, in the version of the request or as a table. */
void api_reply_object(struct api_request *request, int status, const json_t *stored);

/* Stored objects as a list in the version of the request, or as a table. A new reference. */
json_t *api_list_or_table(struct api_request *request, const json_t *stored);

/* A stored object, or a list of them, in the version of a kind with the same hub. A new reference.
 */
json_t *api_object_as(const json_t *stored, const struct kind *kind);
json_t *api_list_as(const json_t *stored, const struct kind *kind);

/* Whether a Table is asked for, and what its rows are to include (the caller frees). */
bool api_wants_table(const struct http_exchange *exchange);
char *api_table_include(const struct http_exchange *exchange);

/* The kind whose columns show these objects: that of 2019 when all were written in it and its group
 * is another one today. */
const struct kind *api_table_kind(const struct kind *kind, const json_t *stored);

/* Reads the selectors of the query; answers and returns false when one is not valid. */
bool api_read_selector(struct api_request *request, struct selector *selector);

/* Whether an object is part of a list or watch. Pods that have ended stay for their logs, and are
 * shown only when a selector asks for them. */
bool api_is_selected(const struct kind *kind, const struct selector *selector,
                     const json_t *object);

/* A new list of those that are selected. */
json_t *api_filter_list(const struct kind *kind, const struct selector *selector,
                        const json_t *list);

/* The stored object that the path names; NULL after answering that it does not exist. */
json_t *api_existing_object(struct api_request *request);

/* The body as a tree: JSON, YAML or Kubernetes' protobuf; NULL after answering why not. A new
 * reference. */
json_t *api_body_read(struct api_request *request);

/* Completes and checks an object; old is its stored state in the version of the request, NULL for a
 * new one. Answers and returns false when it cannot be stored. */
bool api_body_admit(struct api_request *request, json_t *object, const json_t *old);

bool api_is_dry_run(const struct api_request *request);

/* Stores an admitted object and answers; takes ownership of it. old is the stored state, NULL to
 * create. */
void api_store_new(struct api_request *request, json_t *object, const json_t *old);

/* Admits and stores the next state of an existing object and answers. Takes ownership of next,
 * which may share parts with the stored tree. */
void api_store_next_new(struct api_request *request, json_t *next, const json_t *stored);

#endif
