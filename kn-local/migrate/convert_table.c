/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds and fields of older versions that have no counterpart today, and what to do instead. */
#include "base/str.h"
#include "kn-local/kinds/migration.h"
#include "kn-local/migrate/convert.h"

#include <string.h>

#define FLOWS     "flows.knative.dev/v1"
#define MESSAGING "messaging.knative.dev/v1"
#define SERVING   "serving.knative.dev/v1"
#define SOURCES   "sources.knative.dev/v1"

/* An empty kind is any kind. No advice: it is still of this version. */
static const struct {
    const char *group, *kind, *advice;
} removed[] = {
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

bool convert_table_removed(const char *api_version, const char *kind, const char **advice)
{
    *advice = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(removed); i++) {
        if (!migration_is_old(api_version, removed[i].group) ||
            !(*removed[i].kind == '\0' || str_equal(removed[i].kind, kind)))
            continue;
        *advice = removed[i].advice;
        return *advice != NULL;
    }
    if (migration_is_old(api_version, "events.cloud.google.com") ||
        migration_is_old(api_version, "pubsub.cloud.google.com") ||
        migration_is_old(api_version, "internal.events.cloud.google.com") ||
        str_starts(api_version, "events.cloud.google.com/"))
        *advice = no_google;
    return *advice != NULL;
}

#define REVISION    "spec.runLatest.configuration.revisionTemplate.spec."
#define CONCURRENCY "write containerConcurrency: 1 instead"

static const struct {
    const char *kind, *path, *advice;
    const char *unless; /* a value that needs no counterpart */
} fields[] = {
    {"Channel", "spec.arguments",
     "a KafkaChannel takes numPartitions and replicationFactor, under spec.channelTemplate.spec",
     NULL},
    {"Channel", "spec.subscribable", "a cluster wrote it; remove it", NULL},
    {"InMemoryChannel", "spec.subscribable", "a cluster wrote it; remove it", NULL},
    {"KafkaChannel", "spec.subscribable", "a cluster wrote it; remove it", NULL},
    {"Service", "spec.release", "write its configuration as runLatest, and spec.traffic after it",
     NULL},
    {"Service", "spec.pinned", "write its configuration as runLatest, and spec.traffic after it",
     NULL},
    {"Service", "spec.manual", "make the Route and the Configuration yourself", NULL},
    {"Service", "spec.runLatest.configuration.build", "build the image beforehand; remove it",
     NULL},
    {"Service", REVISION "buildRef", "remove it", NULL},
    {"Service", REVISION "buildName", "remove it", NULL},
    {"Service", REVISION "concurrencyModel", CONCURRENCY, "Multi"},
    {"Service", "spec.runLatest.configuration.template.spec.concurrencyModel", CONCURRENCY,
     "Multi"},
    {"Service", "spec.template.spec.concurrencyModel", CONCURRENCY, "Multi"},
    {"Configuration", "spec.revisionTemplate.spec.concurrencyModel", CONCURRENCY, "Multi"},
    {"Configuration", "spec.template.spec.concurrencyModel", CONCURRENCY, "Multi"},
    {"Configuration", "spec.build", "build the image beforehand; remove it", NULL},
    {"Broker", "spec.channelTemplate", "name a ConfigMap with the channel's kind in spec.config",
     NULL},
    {"Broker", "spec.channelTemplateSpec",
     "name a ConfigMap with the channel's kind in spec.config", NULL},
    {"GcpPubSubSource", "spec.transformer",
     "subscribe a service that transforms, and give the Subscription a reply", NULL},
    {"CronJobSource", "spec.serviceAccountName", "Knative's own pod sends the events; remove it",
     NULL},
    {"CronJobSource", "spec.resources", "Knative's own pod sends the events; remove it", NULL},
};

bool convert_table_check_fields(const struct yaml_edit *edit, struct err *err)
{
    const char *kind = json_string_value(yaml_edit_get(edit, "kind"));
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        const json_t *value =
            str_equal(fields[i].kind, kind) ? yaml_edit_get(edit, fields[i].path) : NULL;
        if (value && !(fields[i].unless && str_equal(json_string_value(value), fields[i].unless)))
            return err_set(err, ERR_INPUT, "%s has no counterpart: %s", fields[i].path,
                           fields[i].advice);
    }
    return true;
}
