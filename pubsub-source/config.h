/* SPDX-License-Identifier: Apache-2.0 */
/* What pubsub-source is told: by the environment, or by flags, which win. */
#ifndef PUBSUB_SOURCE_CONFIG_H
#define PUBSUB_SOURCE_CONFIG_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What the body of an event is made of. */
enum event_form {
    EVENT_FORM_MESSAGE_PUBLISHED, /* the message in JSON, as Eventarc and push send it */
    EVENT_FORM_LEGACY,  /* {"ID","Data","Attributes","PublishTime"}, as GcpPubSubSource did */
    EVENT_FORM_STORAGE, /* the object of a Storage notification: google.cloud.storage.object.v1.* */
    EVENT_FORM_RAW,     /* the message's data; if that is a CloudEvent, the event itself */
};

/* Texts are borrowed from the environment and the command line. */
struct pubsub_source_config {
    const char *sink;         /* URL, http or https */
    const char *project;      /* NULL = as libgcp finds it */
    const char *subscription; /* id or full name */
    const char *topic;        /* NULL = the subscription must exist */
    const char *ca_certs;     /* PEM for the sink, besides the system's; NULL = none */
    const char *namespace;    /* for Kn-Namespace; NULL = none */
    json_t *extensions;       /* owned: K_CE_OVERRIDES, set on every event; NULL = none */
    bool emulated;            /* an emulator is asked, which may be asked often */
    enum event_form form;
    size_t max_messages, max_bytes; /* in hand, not yet acknowledged */
    size_t max_deliveries;          /* at the same time */
    long timeout_ms;                /* of one delivery */
};

/* Reads the environment and the flags. False and err (ERR_INPUT) name what is missing or wrong.
 * --help and --version are answered on standard output, with *answered set. */
bool pubsub_source_config_read(int argc, char **argv, struct pubsub_source_config *config,
                               bool *answered, struct err *err);
void pubsub_source_config_done(struct pubsub_source_config *config);

static inline void own_pubsub_source_config(struct pubsub_source_config *local)
{
    pubsub_source_config_done(local);
}

#endif
