/* SPDX-License-Identifier: Apache-2.0 */
/* Where events go: a URL, or a channel or service of this machine. */
#ifndef KN_LOCAL_DATAPLANE_ADDRESS_H
#define KN_LOCAL_DATAPLANE_ADDRESS_H

#include "kn-local/dataplane/runtime_specs.h"

/* A copy that is owned. All zero is nowhere. */
struct resolved_address {
    int to;          /* TARGET_… */
    char *ns, *name; /* of a channel or service */
    char *path;      /* and query, behind a service's own root: "/" at least */
    char *url;       /* absolute, as seen from outside; NULL only when nowhere */
};

/* root is the data plane's own, e.g. "http://127.0.0.1:8484". */
void address_resolve(const struct runtime_destination *from, const char *root,
                     struct resolved_address *to);
void address_resolved_done(struct resolved_address *target);

/* The URL of a channel, service or plain URL. The caller frees; NULL for nowhere. */
char *address_url(const struct runtime_destination *target, const char *root);

/* What the data plane's own paths and names of hosts mean. */
struct address {
    int to; /* DESTINATION_CHANNEL, DESTINATION_SERVICE, or DESTINATION_NONE: nothing of ours */
    char *ns, *name;  /* owned */
    const char *path; /* what is left of the request's path: "" or from a slash on; borrowed */
};

/* Finds who is meant by a request. The name of the host decides when it is one of ours, in any
 * case, with a port or without:
 *
 *     NAME-kn-channel.NS.svc.cluster.local     a channel
 *     NAME.NS.svc.cluster.local, NAME.NS.localhost, and as short as NAME.NS.svc     a service
 *
 * otherwise the path: /NS/channels/NAME, /NS/services/NAME and what follows. host may be NULL. */
void address_parse(const char *host, const char *path, struct address *address);
void address_done(struct address *address);

static inline void own_address(struct address *local)
{
    address_done(local);
}

#endif
