/* SPDX-License-Identifier: Apache-2.0 */
/* Which kinds of the past are which of today, and which are gone. */
#include "base/str.h"
#include "kn-local/migrate/convert.h"

#include <string.h>

#define EVENTING  "eventing.knative.dev/v1"
#define FLOWS     "flows.knative.dev/v1"
#define MESSAGING "messaging.knative.dev/v1"
#define SERVING   "serving.knative.dev/v1"
#define SOURCES   "sources.knative.dev/v1"

static const char push_image[] =
    "is a ContainerSource now: push the image of pubsub-source, and put its name in for "
    "docker.io/{username}/pubsub-source:v1 (kn-local runs the program)";

static const struct conversion conversions[] = {
    {"eventing.knative.dev", "Channel", MESSAGING, NULL, convert_channel, NULL},
    {"eventing.knative.dev", "Subscription", MESSAGING, NULL, convert_subscription, NULL},
    {"eventing.knative.dev", "Broker", EVENTING, NULL, convert_references, NULL},
    {"eventing.knative.dev", "Trigger", EVENTING, NULL, convert_trigger, NULL},
    {"messaging.knative.dev", "Channel", MESSAGING, NULL, convert_references, NULL},
    {"messaging.knative.dev", "InMemoryChannel", MESSAGING, NULL, convert_references, NULL},
    {"messaging.knative.dev", "KafkaChannel", MESSAGING, NULL, convert_references, NULL},
    {"messaging.knative.dev", "Subscription", MESSAGING, NULL, convert_subscription, NULL},
    {"messaging.knative.dev", "Sequence", FLOWS, NULL, convert_references, NULL},
    {"messaging.knative.dev", "Parallel", FLOWS, NULL, convert_references, NULL},
    {"flows.knative.dev", "Sequence", FLOWS, NULL, convert_references, NULL},
    {"flows.knative.dev", "Parallel", FLOWS, NULL, convert_references, NULL},
    {"serving.knative.dev", "Service", SERVING, NULL, convert_service, NULL},
    {"serving.knative.dev", "Configuration", SERVING, NULL, convert_configuration, NULL},
    {"sources.eventing.knative.dev", "GcpPubSubSource", SOURCES, "ContainerSource",
     convert_gcp_source, push_image},
    {"sources.eventing.knative.dev", "ContainerSource", SOURCES, NULL, convert_container_source,
     NULL},
    {"sources.eventing.knative.dev", "CronJobSource", SOURCES, "PingSource", convert_source, NULL},
    {"sources.eventing.knative.dev", "ApiServerSource", SOURCES, NULL, convert_source, NULL},
    {"sources.knative.dev", "ContainerSource", SOURCES, NULL, convert_container_source, NULL},
    {"sources.knative.dev", "CronJobSource", SOURCES, "PingSource", convert_source, NULL},
    {"sources.knative.dev", "PingSource", SOURCES, NULL, convert_ping_source, NULL},
    {"sources.knative.dev", "ApiServerSource", SOURCES, NULL, convert_source, NULL},
    {"sources.knative.dev", "SinkBinding", SOURCES, NULL, convert_source, NULL},
    {"sources.knative.dev", "KafkaSource", SOURCES, NULL, convert_source, NULL},
};

/* Whether an apiVersion is of a group, in a version before v1. */
static bool is_old(const char *api_version, const char *group)
{
    size_t len = strlen(group);
    return strncmp(api_version, group, len) == 0 &&
           (str_starts(api_version + len, "/v1alpha") || str_starts(api_version + len, "/v1beta"));
}

const struct conversion *convert_table_find(const char *api_version, const char *kind)
{
    for (size_t i = 0; api_version && i < ARRAY_SIZE(conversions); i++)
        if (str_equal(conversions[i].kind, kind) && is_old(api_version, conversions[i].group))
            return &conversions[i];
    return NULL;
}

/* An empty kind is any. */
static const struct {
    const char *group, *kind, *way_out;
} gone[] = {
    {"eventing.knative.dev", "ClusterChannelProvisioner",
     "the kind of a channel is named in its spec.channelTemplate now; remove this document"},
    {"eventing.knative.dev", "EventType", NULL}, /* still in these versions */
    {"eventing.knative.dev", "EventPolicy", NULL},
    {"eventing.knative.dev", "RequestReply", NULL},
    {"eventing.knative.dev", "EventTransform", NULL},
    {"sources.knative.dev", "IntegrationSource", NULL},
    {"serving.knative.dev", "DomainMapping", NULL},
    {"messaging.knative.dev", "Choice", "write a Parallel of " FLOWS},
    {"messaging.knative.dev", "GCPChannel", "write a Channel, or a KafkaChannel, of " MESSAGING},
    {"messaging.knative.dev", "", "write a Channel of " MESSAGING},
    {"eventing.knative.dev", "", "write a Channel, Subscription, Broker or Trigger"},
    {"flows.knative.dev", "", "write a Sequence or a Parallel of " FLOWS},
    {"serving.knative.dev", "Route", "write spec.traffic into the Service, with tag for name"},
    {"serving.knative.dev", "", "write a Service of " SERVING},
    {"sources.eventing.knative.dev", "KubernetesEventSource",
     "write an ApiServerSource of " SOURCES " with resources: [{apiVersion: v1, kind: Event}]"},
    {"sources.eventing.knative.dev", "GitHubSource",
     "write a GitHubSource of sources.knative.dev/v1alpha1 (knative-extensions/eventing-github)"},
    {"sources.eventing.knative.dev", "",
     "write a ContainerSource of " SOURCES " that runs the adapter"},
    {"sources.knative.dev", "", NULL}, /* extensions with versions of their own */
    {"build.knative.dev", "",
     "Knative Build became Tekton; build the image beforehand and name it in the Service"},
};
static const char no_google[] =
    "Knative-GCP is no longer made; write a ContainerSource with pubsub-source, and for Storage a "
    "notification to a topic (docs/migrate-2019.md)";

bool convert_table_removed(const char *api_version, const char *kind, const char **way_out)
{
    *way_out = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
        if (!is_old(api_version, gone[i].group) ||
            !(*gone[i].kind == '\0' || str_equal(gone[i].kind, kind)))
            continue;
        *way_out = gone[i].way_out;
        return *way_out != NULL;
    }
    if (is_old(api_version, "events.cloud.google.com") ||
        is_old(api_version, "pubsub.cloud.google.com") ||
        is_old(api_version, "internal.events.cloud.google.com") ||
        str_starts(api_version, "events.cloud.google.com/"))
        *way_out = no_google;
    return *way_out != NULL;
}

static const struct {
    const char *kind, *path, *way_out;
} fields[] = {
    {"Channel", "spec.arguments",
     "a KafkaChannel takes numPartitions and replicationFactor, under spec.channelTemplate.spec"},
    {"Channel", "spec.subscribable", "a cluster wrote it; remove it"},
    {"InMemoryChannel", "spec.subscribable", "a cluster wrote it; remove it"},
    {"KafkaChannel", "spec.subscribable", "a cluster wrote it; remove it"},
    {"Service", "spec.release", "write its configuration as runLatest, and spec.traffic after it"},
    {"Service", "spec.pinned", "write its configuration as runLatest, and spec.traffic after it"},
    {"Service", "spec.manual", "make the Route and the Configuration yourself"},
    {"Service", "spec.runLatest.configuration.build", "build the image beforehand; remove it"},
    {"Service", "spec.runLatest.configuration.revisionTemplate.spec.buildRef", "remove it"},
    {"Service", "spec.runLatest.configuration.revisionTemplate.spec.buildName", "remove it"},
    {"Configuration", "spec.build", "build the image beforehand; remove it"},
    {"Broker", "spec.channelTemplate", "name a ConfigMap with the channel's kind in spec.config"},
    {"Broker", "spec.channelTemplateSpec",
     "name a ConfigMap with the channel's kind in spec.config"},
    {"GcpPubSubSource", "spec.transformer",
     "subscribe a service that transforms, and give the Subscription a reply"},
    {"CronJobSource", "spec.serviceAccountName", "Knative's own pod sends the events; remove it"},
    {"CronJobSource", "spec.resources", "Knative's own pod sends the events; remove it"},
};

bool convert_table_check_fields(const struct yaml_edit *rewrite, struct err *err)
{
    const char *kind = json_string_value(yaml_edit_get(rewrite, "kind"));
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (str_equal(fields[i].kind, kind) && yaml_edit_get(rewrite, fields[i].path))
            return err_set(err, ERR_INPUT, "%s has no counterpart: %s", fields[i].path,
                           fields[i].way_out);
    return true;
}
