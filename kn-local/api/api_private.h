/* What the files of the Kubernetes API share; included by nobody else. */
#ifndef KN_LOCAL_API_API_PRIVATE_H
#define KN_LOCAL_API_API_PRIVATE_H

#include "kn-local/api/api_request.h"
#include "kn-local/api/api_server.h"
#include "kn-local/api/selector.h"

struct streams;

struct kube {
    struct kube_options options;
    struct streams *streams;
};

/* A request for objects of a kind. */
struct kube_call {
    struct kube *kube;
    struct http_exchange *exchange;
    const struct kind *kind;
    struct kube_path path;
};

static inline struct object_key kube_key(const struct kube_call *call)
{
    return (struct object_key){call->kind, call->path.ns ? call->path.ns : "", call->path.name};
}

/* Discovery: true when it answered. */
bool kube_discover(struct http_exchange *exchange);

/* The verbs: each answers. */
void kube_get(struct kube_call *call);
void kube_list(struct kube_call *call);
void kube_create(struct kube_call *call);
void kube_replace(struct kube_call *call);
void kube_patch(struct kube_call *call);
void kube_delete(struct kube_call *call);
void kube_delete_all(struct kube_call *call);

/* Streams: each answers, now or until the client has gone. */
void kube_watch(struct kube_call *call);
void kube_log(struct kube_call *call);

/* Whether an object is part of a list or watch. Pods that have ended are kept for their logs and
 * shown to those who select: by label, or by name. */
bool kube_selected(const struct kind *kind, const struct selector *selector, const json_t *object);

/* Reads the selectors of the query; answers and returns false when they are none. */
bool kube_selector(struct kube_call *call, struct selector *selector);

/* What was asked for: a Table, with what its rows carry (the caller frees). */
bool kube_wants_table(const struct http_exchange *exchange);
char *kube_include(const struct http_exchange *exchange);

/* Answers an error about what the call is for. */
void kube_refuse(struct kube_call *call, const struct err *err);

/* Answers with an object as it is stored, in the call's words or as a table. */
void kube_reply_object(struct kube_call *call, int status, const json_t *stored);

/* Those of a list that are selected, and how a list is answered. New references. */
json_t *kube_pick(const struct kind *kind, const struct selector *selector, const json_t *all);
json_t *kube_list_or_table(struct kube_call *call, const json_t *stored);

/* The stored object that the path names, or NULL after answering that there is none. */
json_t *kube_existing(struct kube_call *call);

/* The body as a tree: JSON, YAML or Kubernetes' protobuf. NULL and err. A new reference. */
json_t *kube_body(const struct http_exchange *exchange, struct err *err);

/* Puts an object into its place and checks it, with its state before in the same words (NULL for a
 * new one); answers and returns false when it cannot be stored. */
bool kube_admitted(struct kube_call *call, json_t *object, const json_t *old);

bool kube_is_dry_run(const struct kube_call *call);

/* The words in which a table shows these objects: those of 2019 when all were written so and are in
 * another group today. */
const struct kind *kube_columns(const struct kind *kind, const json_t *stored);

#endif
