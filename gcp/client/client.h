/* SPDX-License-Identifier: Apache-2.0 */
/* Private to libgcp: struct gcp, and how its functions call Google's APIs. */
#ifndef GCP_CLIENT_CLIENT_H
#define GCP_CLIENT_CLIENT_H

#include "base/json/jread.h"
#include "gcp/auth/access_token.h"
#include "gcp/auth/credentials.h"
#include "gcp/call/environment.h"
#include "gcp/gcp.h"

#include <jansson.h>

enum gcp_api_index {
    GCP_API_PUBSUB,
    GCP_API_STORAGE,
    GCP_API_VISION,
    GCP_API_TRANSLATE,
    GCP_API_COUNT
};

/* The address of an API. */
struct gcp_endpoint {
    char *base;     /* "https://pubsub.googleapis.com", without a slash at the end */
    bool anonymous; /* an emulator: called without credentials */
    bool google;    /* Google's default address, not an emulator or an override */
};

struct gcp {
    struct gcp_environment env;
    struct http_client *http; /* NULL when the caller provided env */
    struct gcp_endpoint endpoint[GCP_API_COUNT];
    struct credentials credentials;
    struct access_token_cache shared_token;                     /* a token for all APIs */
    struct access_token_cache self_signed_token[GCP_API_COUNT]; /* tokens for one API */
    char *warning;
    char *project, *quota_project;
    bool translate_v3;
    char *translate_location;
    long timeout_ms, deadline_ms;
};

/* gcp_open with the caller's environment. env is copied; its context must outlive the result. */
struct gcp *gcp_open_with(const struct gcp_options *options, const struct gcp_environment *env,
                          struct err *err);

/* A call to an API. All members are borrowed; zero means the default. */
struct google_call {
    enum gcp_api_index api;
    const char *method;       /* NULL = POST with a body, else GET */
    const char *target;       /* path and query: "/v1/projects/p/topics/t" */
    const json_t *json;       /* the body; or */
    struct bytes body;        /* these bytes, */
    const char *content_type; /* of this type */
    bool no_retry;            /* sending twice would do harm */
    long timeout_ms, deadline_ms;
    size_t max_reply;
    int attempts; /* result: how often it was sent */
};

/* Sends with an access token, which is renewed once when the server refuses it; repeats as Google's
 * guidance says. True on success (2xx). */
bool google_call_send(struct gcp *gcp, struct google_call *call, struct http_response *response,
                      struct err *err);

/* As google_call_send; returns the response's JSON object, a new reference, or NULL and err. */
json_t *google_call_json(struct gcp *gcp, struct google_call *call, struct err *err);

/* As google_call_send, for a response without useful content. */
bool google_call_ignore_reply(struct gcp *gcp, struct google_call *call, struct err *err);

/* Reads a list that is returned in pages, from `target` (path and perhaps a query). Calls
 * handle_page for each page, until it or a request fails. */
typedef bool list_pages_handler(struct jread *page, void *context);
bool list_pages(struct gcp *gcp, enum gcp_api_index api, const char *target,
                list_pages_handler *handle_page, void *context, struct err *err);

/* Reads such a list of objects, at `key` in each page, and appends their names. */
bool list_pages_names(struct gcp *gcp, enum gcp_api_index api, const char *target, const char *key,
                      struct gcp_names *names, struct err *err);

void gcp_names_add(struct gcp_names *names, const char *name);

/* Maps err->status for event handlers, which pass it on to Knative: permanent errors must not be
 * retried, and temporary ones must. Returns false. */
bool gcp_err_for_handler(struct err *err);

#endif
