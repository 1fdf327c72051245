/* The Kubernetes API: what kubectl speaks with. Discovery, objects, tables, watches and logs, over
 * HTTPS and for holders of the token only. */
#ifndef KN_LOCAL_API_API_SERVER_H
#define KN_LOCAL_API_API_SERVER_H

#include "base/err.h"
#include "kn-local/dataplane/runtime.h"
#include "kn-local/store/object_store.h"
#include "net/server/http_server.h"

struct kube;

struct kube_options {
    struct objects *objects;
    struct runtime *runtime; /* for the logs of pods */
    const char *token;       /* that requests must bear; borrowed for good */
};

struct kube *kube_open(const struct kube_options *options, struct err *err);

/* Ends all watches and followed logs, so that the server can be closed; no new ones begin. */
void kube_drain(struct kube *kube);

/* Frees; to be called when the server is closed. NULL is fine. */
void kube_close(struct kube *kube);

static inline void own_kube(struct kube **local)
{
    kube_close(*local);
}

/* Sets the handlers of a server that is to be opened for it. */
void kube_serve(struct kube *kube, struct http_server_options *options);

#endif
