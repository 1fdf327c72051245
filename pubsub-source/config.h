/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of pubsub-source, from the environment and from flags, which take precedence.
 */
#ifndef PUBSUB_SOURCE_CONFIG_H
#define PUBSUB_SOURCE_CONFIG_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The format of an event's data. */
enum event_form {
    EVENT_FORM_MESSAGE_PUBLISHED, /* the message as JSON, as from Eventarc and push */
    EVENT_FORM_LEGACY,  /* {"ID","Data","Attributes","PublishTime"}, as from GcpPubSubSource */
    EVENT_FORM_STORAGE, /* the object of a Storage notification: google.cloud.storage.object.v1.* */
    EVENT_FORM_RAW,     /* the message's data; a CloudEvent in a message is passed on as it is */
};

/* Strings are borrowed from the environment and the command line. */
struct pubsub_source_config {
    const char *sink;         /* URL, http or https */
    const char *project;      /* NULL = as libgcp finds it */
    const char *subscription; /* id or full name */
    const char *topic;        /* NULL = the subscription must exist */
    const char *ca_certs;     /* PEM for the sink, in addition to the system's; NULL = none */
    const char *namespace;    /* for Kn-Namespace; NULL = none */
    json_t *extensions;       /* owned: K_CE_OVERRIDES, set on every event; NULL = none */
    bool emulated;            /* Pub/Sub is an emulator, which may be polled often */
    enum event_form form;
    size_t max_messages, max_bytes; /* in flight */
    size_t max_deliveries;          /* in parallel */
    long timeout_ms;                /* of one delivery */
};

/* Reads the environment and the flags. False and err (ERR_INPUT) when a setting is missing or not
 * valid. *handled is true after --help or --version, which print to standard output. */
bool pubsub_source_config_read(int argc, char **argv, struct pubsub_source_config *config,
                               bool *handled, struct err *err);
void pubsub_source_config_done(struct pubsub_source_config *config);

static inline void own_pubsub_source_config(struct pubsub_source_config *local)
{
    pubsub_source_config_done(local);
}

#endif
