/* SPDX-License-Identifier: Apache-2.0 */
/* What there is: channels, subscriptions, services, sources by name, and how they are joined. */
#ifndef KN_LOCAL_DATAPLANE_REGISTRY_H
#define KN_LOCAL_DATAPLANE_REGISTRY_H

#include "kn-local/dataplane/channel.h"
#include "kn-local/serving/revision.h"

struct registry;

struct registry_options {
    struct delivery_io *world; /* borrowed */
    struct pod_manager *home;  /* borrowed */
    const char *store_path;    /* made for the first channel on disk; borrowed */
};

struct registry *registry_open(const struct registry_options *options);

/* The root of addresses, once the port is known; see address_resolve. Borrowed. */
void registry_set_root(struct registry *registry, const char *root);

/* Ends every subscription and ping, keeping what is on disk; in-memory deliveries get so long to
 * finish by themselves. */
void registry_drain(struct registry *registry, int64_t wait_ns);

/* Ends every workload. */
void registry_stop(struct registry *registry);
void registry_close(struct registry *registry);

/* As the calls of runtime.h. */
bool registry_apply_channel(struct registry *registry, const struct runtime_channel *channel,
                            struct err *err);
bool registry_apply_subscription(struct registry *registry,
                                 const struct runtime_subscription *subscription, struct err *err);
bool registry_apply_service(struct registry *registry, const struct runtime_service *service,
                            struct err *err);
bool registry_apply_source(struct registry *registry, const struct runtime_source *source,
                           struct err *err);
bool registry_apply_ping(struct registry *registry, const struct runtime_ping *ping,
                         struct err *err);
void registry_remove(struct registry *registry, struct resource_id id);

/* What requests are for, held; NULL when there is none. From any thread. */
struct channel *registry_channel(struct registry *registry, const char *ns, const char *name);
struct revision *registry_service(struct registry *registry, const char *ns, const char *name);

#endif
