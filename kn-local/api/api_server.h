/* SPDX-License-Identifier: Apache-2.0 */
/* The Kubernetes API: what kubectl speaks with. Discovery, objects, tables, watches and logs, over
 * HTTPS and for holders of the token only. */
#ifndef KN_LOCAL_API_API_SERVER_H
#define KN_LOCAL_API_API_SERVER_H

#include "base/err.h"
#include "kn-local/dataplane/runtime.h"
#include "kn-local/store/object_store.h"
#include "net/server/http_server.h"

struct api_server;

struct api_server_options {
    struct object_store *objects;
    struct runtime *runtime; /* for the logs of pods */
    const char *token;       /* that requests must bear; borrowed for good */
};

struct api_server *api_server_open(const struct api_server_options *options, struct err *err);

/* Ends all watches and followed logs, so that the server can be closed; no new ones begin. */
void api_server_drain(struct api_server *kube);

/* Frees; to be called when the server is closed. NULL is fine. */
void api_server_close(struct api_server *kube);

static inline void own_api_server(struct api_server **local)
{
    api_server_close(*local);
}

/* Sets the handlers of a server that is to be opened for it. */
void api_server_set_handlers(struct api_server *kube, struct http_server_options *options);

#endif
