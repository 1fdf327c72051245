/* SPDX-License-Identifier: Apache-2.0 */
/* What the controllers apply to the data plane, and the status that they write. */
#include "tests/kn-local/controllers/controllers_fixture.h"

TEST(a_channel_without_template_is_kept_on_disk)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", ""));
    expect_call(&fixture, "channel a durable\n");
    expect_ready(&fixture, &kind_channel, "a", "True", "-");
}

TEST(the_template_of_a_channel_decides_where_its_events_are_kept)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("m", "channelTemplate: {kind: InMemoryChannel}")
                        CHANNEL("k", "channelTemplate: {kind: KafkaChannel}"));
    expect_call(&fixture, "channel m\n");
    expect_call(&fixture, "channel k durable\n");
}

TEST(a_subscription_waits_for_its_channel_and_its_subscriber)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, SUBSCRIPTION("s", "a", "Service", "x", ""));
    expect_ready(&fixture, &kind_subscription, "s", "False", "ChannelNotFound");
    apply(&fixture, CHANNEL("a", ""));
    expect_ready(&fixture, &kind_subscription, "s", "False", "SubscriberResolveFailed");
    apply(&fixture, SERVICE("x"));
    expect_ready(&fixture, &kind_subscription, "s", "True", "-");
    expect_call(&fixture, "subscription s of a to http://here/service/x retry 0 dead -\n");
}

TEST(the_delivery_of_a_subscription_replaces_that_of_its_channel)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture,
          SERVICE("x") SERVICE("d")
              CHANNEL("a", "delivery: {retry: 7, deadLetterSink: {ref: {kind: Service, name: d}}}")
                  SUBSCRIPTION("own", "a", "Service", "x", ", delivery: {retry: 2}")
                      SUBSCRIPTION("none", "a", "Service", "x", ""));
    expect_call(&fixture, "subscription own of a to http://here/service/x retry 2 dead "
                          "http://here/service/d\n");
    expect_call(&fixture, "subscription none of a to http://here/service/x retry 7 dead "
                          "http://here/service/d\n");
}

TEST(the_subscription_that_closes_a_loop_of_channels_is_refused)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", "") CHANNEL("b", "") SUBSCRIPTION("s1", "a", "Channel", "b", ""));
    apply(&fixture, SUBSCRIPTION("s2", "b", "Channel", "a", ""));
    expect_ready(&fixture, &kind_subscription, "s1", "True", "-");
    expect_ready(&fixture, &kind_subscription, "s2", "False", "ChannelLoop");
}

#define IN_MEMORY_CHANNEL                                                                          \
    "---\napiVersion: messaging.knative.dev/v1\nkind: InMemoryChannel\nmetadata: {name: a}\n"

static void expect_no_call(struct fixture *fixture, const char *line)
{
    pthread_mutex_lock(&fixture->runtime.lock);
    bool found = strstr(fixture->runtime.calls.data, line);
    pthread_mutex_unlock(&fixture->runtime.lock);
    EXPECT(!found);
}

TEST(two_kinds_of_channel_cannot_share_a_name)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", "") IN_MEMORY_CHANNEL);
    expect_ready(&fixture, &kind_channel, "a", "True", "-");
    expect_ready(&fixture, &kind_in_memory_channel, "a", "False", "NameTaken");
}

TEST(the_older_channel_keeps_its_name)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, IN_MEMORY_CHANNEL);
    apply(&fixture, CHANNEL("a", ""));
    expect_ready(&fixture, &kind_in_memory_channel, "a", "True", "-");
    expect_ready(&fixture, &kind_channel, "a", "False", "NameTaken");
    expect_no_call(&fixture, "channel a durable\n");
}

TEST(deleting_a_channel_that_does_not_own_its_name_removes_nothing)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", ""));
    apply(&fixture, IN_MEMORY_CHANNEL);
    delete_object(&fixture, &kind_in_memory_channel, "a");
    expect_no_call(&fixture, "remove 0 a\n");
    expect_ready(&fixture, &kind_channel, "a", "True", "-");
}

TEST(deleting_the_owner_of_a_name_gives_it_to_the_next_channel)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", ""));
    apply(&fixture, IN_MEMORY_CHANNEL);
    delete_object(&fixture, &kind_channel, "a");
    expect_call(&fixture, "remove 0 a\nchannel a\n");
    expect_ready(&fixture, &kind_in_memory_channel, "a", "True", "-");
}

TEST(a_deleted_channel_is_removed_from_the_data_plane)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", ""));
    delete_object(&fixture, &kind_channel, "a");
    expect_call(&fixture, "remove 0 a\n");
}

TEST(a_service_gets_its_variables_and_files)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture,
          "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {k.json: open}\n"
          "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {A: b}\n"
          "---\napiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\n"
          "spec:\n  template:\n    spec:\n      containers:\n      - image: i:v1\n"
          "        envFrom: [{configMapRef: {name: words}, prefix: P_}]\n"
          "        env: [{name: X, value: y}, {name: K, valueFrom: {secretKeyRef: {name: key, "
          "key: k.json}}}]\n"
          "        volumeMounts: [{name: v, mountPath: /etc/v}]\n"
          "      volumes: [{name: v, secret: {secretName: key}}]\n");
    expect_call(&fixture,
                "service s-00001 user-container i:v1 P_A=b X=y K=open /etc/v/k.json:open\n");
    json_auto_t *revision = find(&fixture, &kind_revision, "s-00001");
    EXPECT(revision != NULL);
}

TEST(a_service_waits_for_its_secret)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\n"
                    "spec: {template: {spec: {containers: [{image: i, envFrom: [{secretRef: {name: "
                    "key}}]}]}}}\n");
    expect_ready(&fixture, &kind_service, "s", "False", "RevisionFailed");
    apply(&fixture, "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {K: v}\n");
    expect_call(&fixture, "service s-00001 user-container i K=v\n");
    expect_ready(&fixture, &kind_service, "s", "True", "-");
}

TEST(a_source_of_2019_becomes_a_pubsub_source)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture, CHANNEL("a", "") "---\napiVersion: sources.eventing.knative.dev/v1alpha1\n"
                                     "kind: GcpPubSubSource\nmetadata: {name: g}\nspec: {"
                                     "googleCloudProject: p, topic: t, sink: {kind: Channel, "
                                     "name: a}}\n");
    expect_call(&fixture, "source gcppubsubsource/g to http://here/channel/a - receive-adapter "
                          "pubsub-source GOOGLE_CLOUD_PROJECT=p PUBSUB_TOPIC=t "
                          "PUBSUB_SUBSCRIPTION=knative-eventing_default_g EVENT_FORM=legacy\n");
}

TEST(container_and_ping_sources_are_applied)
{
    OWN(fixture) struct fixture fixture = {0};
    start_controllers(&fixture);
    apply(&fixture,
          CHANNEL("a", "") "---\napiVersion: sources.knative.dev/v1\n"
                           "kind: ContainerSource\nmetadata: {name: c}\nspec: {template: "
                           "{spec: {containers: [{name: n, image: i}]}}, sink: {ref: "
                           "{kind: Channel, name: a}}, ceOverrides: {extensions: {x: y}}}\n"
                           "---\napiVersion: sources.knative.dev/v1\nkind: PingSource\n"
                           "metadata: {name: p}\nspec: {data: hi, sink: {ref: {kind: "
                           "Channel, name: a}, uri: /path}}\n");
    expect_call(&fixture, "source containersource/c to http://here/channel/a "
                          "{\"extensions\":{\"x\":\"y\"}} n i\n");
    expect_call(&fixture, "ping pingsource/p * * * * * hi\n");
    expect_ready(&fixture, &kind_ping_source, "p", "True", "-");
    expect_ready(&fixture, &kind_container_source, "c", "Unknown", "DeploymentUnavailable");
}
