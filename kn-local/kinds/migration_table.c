/* SPDX-License-Identifier: Apache-2.0 */
/* Which kinds of older versions are which of today, and the steps from the one to the other. */
#include "base/str.h"
#include "kn-local/kinds/migration.h"

#include <string.h>

#define EVENTING  "eventing.knative.dev/v1"
#define FLOWS     "flows.knative.dev/v1"
#define MESSAGING "messaging.knative.dev/v1"
#define SERVING   "serving.knative.dev/v1"
#define SOURCES   "sources.knative.dev/v1"

static const char push_image[] =
    "is a ContainerSource now: push the image of pubsub-source and replace "
    "docker.io/{username}/pubsub-source:v1 with its name (kn-local runs the local program)";

/* clang-format off */
#define REMOVE(path_)       {.op = MIGRATION_REMOVE, .path = path_}
#define RENAME(path_, key_) {.op = MIGRATION_RENAME, .path = path_, .key = key_}
#define URL(path_)          {.op = MIGRATION_URL, .path = path_}
#define REFERENCES(path_)   {.op = MIGRATION_REFERENCES, .path = path_}
#define LIFT(path_, inner_, key_, when_)                                                           \
    {.op = MIGRATION_LIFT, .path = path_, .key = key_, .value = inner_, .when = when_}
#define WRAP(path_, key_, when_)                                                                   \
    {.op = MIGRATION_WRAP, .path = path_, .key = key_, .when = when_}
#define LIST(path_, key_)   {.op = MIGRATION_LIST, .path = path_, .key = key_}
#define END                 {.op = MIGRATION_END}
/* clang-format on */

static const struct migration_step references[] = {REFERENCES("spec"), END};

const struct migration_step migration_channel[] = {
    REMOVE("spec.generation"),
    REMOVE("spec.arguments"),
    REMOVE("spec.subscribable"),
    {.op = MIGRATION_PROVISIONER, .path = "spec.provisioner"},
    END,
};
const struct migration_step migration_subscription[] = {
    REMOVE("spec.generation"),
    URL("spec.subscriber.dnsName"),
    RENAME("spec.subscriber.dnsName", "uri"),
    LIFT("spec.reply", "channel", "reply", "spec.reply.channel.ref"),
    LIFT("spec.reply", "channel", "reply", "spec.reply.channel.uri"),
    RENAME("spec.reply.channel", "ref"),
    REFERENCES("spec"),
    END,
};
static const struct migration_step trigger[] = {
    RENAME("spec.filter.sourceAndType", "attributes"),
    URL("spec.subscriber.dnsName"),
    RENAME("spec.subscriber.dnsName", "uri"),
    REFERENCES("spec"),
    END,
};

#define CONFIGURATION "spec.runLatest.configuration"
#define REVISION_STEPS                                                                             \
    REMOVE("spec.template.spec.concurrencyModel"), REMOVE("spec.template.spec.generation"),        \
        REMOVE("spec.generation"), LIST("spec.template.spec.container", "containers")

const struct migration_step migration_service[] = {
    LIFT("spec.runLatest", "configuration.revisionTemplate", "template",
         CONFIGURATION ".revisionTemplate"),
    LIFT("spec.runLatest", "configuration.template", "template", CONFIGURATION ".template"),
    REVISION_STEPS,
    END,
};
static const struct migration_step configuration[] = {
    RENAME("spec.revisionTemplate", "template"),
    REVISION_STEPS,
    END,
};

/* A sink was a reference, now it holds one. */
#define SOURCE_STEPS REFERENCES("spec"), WRAP("spec.sink", "ref", "spec.sink.kind")

static const struct migration_step source[] = {SOURCE_STEPS, END};
static const struct migration_step ping_source[] = {
    SOURCE_STEPS,
    {.op = MIGRATION_INSERT,
     .path = "spec.jsonData",
     .key = "contentType",
     .value = "application/json"},
    RENAME("spec.jsonData", "data"),
    END,
};
static const struct migration_step container_source[] = {
    SOURCE_STEPS,
    {.op = MIGRATION_CONTAINER_POD, .path = "spec", .when = "spec.image"},
    END,
};
static const struct migration_step gcp_pubsub_source[] = {
    {.op = MIGRATION_GCP_POD, .path = "spec"},
    SOURCE_STEPS,
    END,
};

static const struct migration migrations[] = {
    {"eventing.knative.dev", "Channel", MESSAGING, NULL, migration_channel, NULL},
    {"eventing.knative.dev", "Subscription", MESSAGING, NULL, migration_subscription, NULL},
    {"eventing.knative.dev", "Broker", EVENTING, NULL, references, NULL},
    {"eventing.knative.dev", "Trigger", EVENTING, NULL, trigger, NULL},
    {"messaging.knative.dev", "Channel", MESSAGING, NULL, references, NULL},
    {"messaging.knative.dev", "InMemoryChannel", MESSAGING, NULL, references, NULL},
    {"messaging.knative.dev", "KafkaChannel", MESSAGING, NULL, references, NULL},
    {"messaging.knative.dev", "Subscription", MESSAGING, NULL, migration_subscription, NULL},
    {"messaging.knative.dev", "Sequence", FLOWS, NULL, references, NULL},
    {"messaging.knative.dev", "Parallel", FLOWS, NULL, references, NULL},
    {"flows.knative.dev", "Sequence", FLOWS, NULL, references, NULL},
    {"flows.knative.dev", "Parallel", FLOWS, NULL, references, NULL},
    {"serving.knative.dev", "Service", SERVING, NULL, migration_service, NULL},
    {"serving.knative.dev", "Configuration", SERVING, NULL, configuration, NULL},
    {"sources.eventing.knative.dev", "GcpPubSubSource", SOURCES, "ContainerSource",
     gcp_pubsub_source, push_image},
    {"sources.eventing.knative.dev", "ContainerSource", SOURCES, NULL, container_source, NULL},
    {"sources.eventing.knative.dev", "CronJobSource", SOURCES, "PingSource", source, NULL},
    {"sources.eventing.knative.dev", "ApiServerSource", SOURCES, NULL, source, NULL},
    {"sources.knative.dev", "ContainerSource", SOURCES, NULL, container_source, NULL},
    {"sources.knative.dev", "CronJobSource", SOURCES, "PingSource", source, NULL},
    {"sources.knative.dev", "PingSource", SOURCES, NULL, ping_source, NULL},
    {"sources.knative.dev", "ApiServerSource", SOURCES, NULL, source, NULL},
    {"sources.knative.dev", "SinkBinding", SOURCES, NULL, source, NULL},
    {"sources.knative.dev", "KafkaSource", SOURCES, NULL, source, NULL},
};

bool migration_is_old(const char *api_version, const char *group)
{
    size_t len = strlen(group);
    return strncmp(api_version, group, len) == 0 &&
           (str_starts(api_version + len, "/v1alpha") || str_starts(api_version + len, "/v1beta"));
}

const struct migration *migration_find(const char *api_version, const char *kind)
{
    for (size_t i = 0; api_version && i < ARRAY_SIZE(migrations); i++)
        if (str_equal(migrations[i].kind, kind) &&
            migration_is_old(api_version, migrations[i].group))
            return &migrations[i];
    return NULL;
}
