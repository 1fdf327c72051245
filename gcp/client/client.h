/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct gcp, and the calls that everything else is made of. */
#ifndef GCP_CLIENT_CLIENT_H
#define GCP_CLIENT_CLIENT_H

#include "base/json/jread.h"
#include "gcp/auth/access_token.h"
#include "gcp/auth/credentials.h"
#include "gcp/call/environment.h"
#include "gcp/gcp.h"

#include <jansson.h>

/* The APIs as indexes. */
enum gcp_api_index {
    GCP_API_PUBSUB,
    GCP_API_STORAGE,
    GCP_API_VISION,
    GCP_API_TRANSLATE,
    GCP_API_COUNT
};

/* Where an API is called. */
struct gcp_endpoint {
    char *base;     /* "https://pubsub.googleapis.com", no slash at the end */
    bool anonymous; /* an emulator: no credentials */
    bool google;    /* Google's own */
};

struct gcp {
    struct gcp_environment outside;
    struct http_client *http; /* NULL when outside was given */
    struct gcp_endpoint endpoint[GCP_API_COUNT];
    struct credentials credentials;
    struct access_token_cache shared;                   /* a token that all APIs take */
    struct access_token_cache own_token[GCP_API_COUNT]; /* tokens signed for one API */
    char *warning;
    char *project, *quota_project;
    bool translate_v3;
    char *translate_place;
    long timeout_ms, deadline_ms;
};

/* gcp_open with a world of the caller's; what outside->context points to must outlive it. */
struct gcp *gcp_open_with(const struct gcp_options *options, const struct gcp_environment *outside,
                          struct err *err);

/* A call to one of the APIs. Everything is borrowed; zero means the default. */
struct google_call {
    enum gcp_api_index api;
    const char *method;       /* NULL = GET, or POST when there is a body */
    const char *target;       /* path and query: "/v1/projects/p/topics/t" */
    const json_t *json;       /* the body as JSON, or */
    struct bytes body;        /* as bytes of */
    const char *content_type; /* this type */
    bool once;                /* not to be repeated: twice would do harm */
    long timeout_ms, deadline_ms;
    size_t max_reply;
    int attempts; /* out: how often it was sent */
};

/* Sends with a token, refreshed once when it is refused, and retries. True on success (2xx). */
bool google_call_send(struct gcp *gcp, struct google_call *call, struct http_response *answer,
                      struct err *err);

/* The same, for a JSON object as reply: new reference, or NULL and err. */
json_t *google_call_json(struct gcp *gcp, struct google_call *call, struct err *err);

/* The same, for a reply that says nothing more. */
bool google_call_ignore_reply(struct gcp *gcp, struct google_call *call, struct err *err);

/* Walks through a list that comes in pages, from `target` (path and perhaps a query): calls take
 * for each page, until it or a call fails. */
typedef bool list_pages_handler(struct jread *page, void *to);
bool list_pages(struct gcp *gcp, enum gcp_api_index api, const char *target,
                list_pages_handler *take, void *to, struct err *err);

void gcp_names_add(struct gcp_names *names, const char *name);

/* For event handlers, whose status goes on to Knative: nothing that it retries in vain, or drops in
 * haste. Returns false. */
bool gcp_err_for_handler(struct err *err);

#endif
