/* SPDX-License-Identifier: Apache-2.0 */
/* Where events go: a URL, or a channel or service of this process. */
#ifndef KN_LOCAL_DATAPLANE_ADDRESS_H
#define KN_LOCAL_DATAPLANE_ADDRESS_H

#include "kn-local/dataplane/runtime_specs.h"

/* An owned copy of a destination. All zero is nowhere. */
struct resolved_address {
    int to;          /* DESTINATION_... */
    char *ns, *name; /* of a channel or service */
    char *path;      /* and query, below a service's root: "/" at least */
    char *url;       /* absolute, as other processes would call it; NULL when nowhere */
};

/* root is the data plane's own, e.g. "http://127.0.0.1:8484". */
void address_resolve(const struct runtime_destination *from, const char *root,
                     struct resolved_address *to);
void address_resolved_done(struct resolved_address *target);

/* The URL of a channel, service or plain URL. The caller frees; NULL for nowhere. */
char *address_url(const struct runtime_destination *target, const char *root);

/* What a path or host name of the data plane means. */
struct address {
    int to;           /* DESTINATION_CHANNEL, DESTINATION_SERVICE, or DESTINATION_NONE: neither */
    char *ns, *name;  /* owned */
    const char *path; /* what is left of the request's path: "" or from a slash on; borrowed */
};

/* Finds the channel or service that a request is for. The host decides when it is one of these
 * names, in any letter case, with or without a port:
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
