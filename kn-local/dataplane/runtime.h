/* SPDX-License-Identifier: Apache-2.0 */
/* The data plane: channels, subscriptions, services and sources as processes. It knows nothing of
 * Kubernetes: the controllers apply what should exist, and a listener hears what became of it.
 *
 * All calls may come from any thread. What is passed in is borrowed for the call; the runtime
 * copies what it keeps. Each apply creates or changes, and is cheap when nothing changed; each
 * remove stops what ran, and does nothing when there was nothing. */
#ifndef KN_LOCAL_DATAPLANE_RUNTIME_H
#define KN_LOCAL_DATAPLANE_RUNTIME_H

#include "kn-local/dataplane/runtime_specs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct runtime;

/* False and err: ERR_INPUT when what is asked for is not valid (a schedule, say), else why it
 * cannot be done (the disk is full). What existed before stays as it was. */
bool runtime_apply_channel(struct runtime *runtime, const struct runtime_channel *channel,
                           struct err *err);
bool runtime_apply_subscription(struct runtime *runtime,
                                const struct runtime_subscription *subscription, struct err *err);
bool runtime_apply_service(struct runtime *runtime, const struct runtime_service *service,
                           struct err *err);
bool runtime_apply_source(struct runtime *runtime, const struct runtime_source *source,
                          struct err *err);
bool runtime_apply_ping(struct runtime *runtime, const struct runtime_ping *ping, struct err *err);

/* Before runtime_begin: a channel or subscription exists, but cannot be applied now (its subscriber
 * cannot be resolved, say). What durable channels keep for it stays. */
void runtime_keep(struct runtime *runtime, struct resource_id id);

/* Stops its processes, and drops the events that a channel still holds for it. */
void runtime_remove(struct runtime *runtime, struct resource_id id);

/* Checks a PingSource's schedule and timezone (NULL = none) before anything is applied. */
bool runtime_schedule_valid(const char *schedule, const char *timezone, struct err *err);

/* The URL at which a channel or service can be reached from this machine, whether it exists or not,
 * e.g. "http://127.0.0.1:8484/default/channels/pubsub-test". The caller frees. */
char *runtime_address(const struct runtime *runtime, const struct runtime_destination *target);

/* Stops a pod now; a service's or source's is replaced when it is needed. False: no such pod. */
bool runtime_delete_pod(struct runtime *runtime, const char *ns, const char *pod);

/* Appends whole lines to out, from `at` on, as many as fit into out->max, and moves `at` to their
 * end. Nothing appended: there is no more for now, and *ended says whether more can come. Works for
 * pods that have ended until POD_GONE. False and err: ERR_NOT_FOUND (no such pod, no previous run).
 */
bool runtime_log_read(struct runtime *runtime, const struct serving_log_request *request,
                      struct serving_log_position *at, struct buf *out, bool *ended,
                      struct err *err);

/* NULL and err: the port is in use, or the data directory is not writable. Until runtime_begin the
 * data plane answers 503 with Retry-After: an event that came before the subscriptions of its
 * channel would be accepted and never delivered. */
struct runtime *runtime_open(const struct runtime_options *options, struct err *err);

/* Call it when all that exists at the start has been applied: removes what durable channels keep of
 * anything else, begins deliveries, and accepts events. */
void runtime_begin(struct runtime *runtime);

/* Begins the end: takes no more events, hands out none. What is under way goes on. */
void runtime_stop(struct runtime *runtime);

/* With runtime_options.io: does what the writer of durable channels has to do now; see
 * event_log_writer_step. */
int64_t runtime_step(struct runtime *runtime);

uint16_t runtime_port(const struct runtime *runtime);

/* Stops, lets what is under way end for runtime_options.drain_ns, cuts the rest (which comes again:
 * from disk, or from its sender), stops all processes, frees. NULL is fine. */
void runtime_close(struct runtime *runtime);

static inline void own_runtime(struct runtime **local)
{
    runtime_close(*local);
}

#endif
