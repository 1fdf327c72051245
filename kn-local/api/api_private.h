/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the Kubernetes API share; included by nobody else. */
#ifndef KN_LOCAL_API_API_PRIVATE_H
#define KN_LOCAL_API_API_PRIVATE_H

#include "kn-local/api/api_request.h"
#include "kn-local/api/api_server.h"
#include "kn-local/api/selector.h"

struct response_streams;

struct api_server {
    struct api_server_options options;
    struct response_streams *streams;
};

/* A request for objects of a kind. */
struct api_request {
    struct api_server *kube;
    struct http_exchange *exchange;
    const struct kind *kind;
    struct api_request_path path;
};

static inline struct object_key api_object_key(const struct api_request *call)
{
    return (struct object_key){call->kind, call->path.ns ? call->path.ns : "", call->path.name};
}

/* Discovery: true when it answered. */
bool api_discover(struct http_exchange *exchange);

/* The verbs: each answers. */
void api_get(struct api_request *call);
void api_list(struct api_request *call);
void api_create(struct api_request *call);
void api_replace(struct api_request *call);
void api_patch(struct api_request *call);
void api_delete(struct api_request *call);
void api_delete_all(struct api_request *call);

/* Streams: each answers, now or until the client has gone. */
void api_watch(struct api_request *call);
void api_pod_log(struct api_request *call);

/* Whether an object is part of a list or watch. Pods that have ended are kept for their logs and
 * shown to those who select: by label, or by name. */
bool api_is_selected(const struct kind *kind, const struct selector *selector,
                     const json_t *object);

/* Reads the selectors of the query; answers and returns false when they are none. */
bool api_read_selector(struct api_request *call, struct selector *selector);

/* What was asked for: a Table, with what its rows carry (the caller frees). */
bool api_wants_table(const struct http_exchange *exchange);
char *api_table_include(const struct http_exchange *exchange);

/* Answers an error about what the call is for. */
void api_request_fail(struct api_request *call, const struct err *err);

/* Answers with an object as it is stored, in the call's words or as a table. */
void api_reply_object(struct api_request *call, int status, const json_t *stored);

/* Those of a list that are selected, and how a list is answered. New references. */
json_t *api_filter_list(const struct kind *kind, const struct selector *selector,
                        const json_t *all);
json_t *api_list_or_table(struct api_request *call, const json_t *stored);

/* The stored object that the path names, or NULL after answering that there is none. */
json_t *api_existing_object(struct api_request *call);

/* The body as a tree: JSON, YAML or Kubernetes' protobuf. NULL and err. A new reference. */
json_t *api_body_parse(const struct http_exchange *exchange, struct err *err);

/* Puts an object into its place and checks it, with its state before in the same words (NULL for a
 * new one); answers and returns false when it cannot be stored. */
bool api_body_admit(struct api_request *call, json_t *object, const json_t *old);

bool api_is_dry_run(const struct api_request *call);

/* The words in which a table shows these objects: those of 2019 when all were written so and are in
 * another group today. */
const struct kind *api_table_kind(const struct kind *kind, const json_t *stored);

#endif
