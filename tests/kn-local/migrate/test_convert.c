/* SPDX-License-Identifier: Apache-2.0 */
/* kn-local convert: manifests of 2019 are converted and keep their comments. */
#include "base/file.h"
#include "base/str.h"
#include "base/yaml/yaml.h"
#include "kn-local/kinds/kinds.h"
#include "kn-local/migrate/convert.h"
#include "tests/helpers/test.h"

#include <string.h>

static void add_line(const char *line, void *context)
{
    buf_add_format(context, "%s\n", line);
}

/* The converted text, then the notes and errors. The caller frees. */
static char *converted(const char *text, struct buf *lines, size_t *errors)
{
    OWN(buf) struct buf out = {0};
    struct manifest_listener listener = {add_line, add_line, lines};
    *errors = convert_text("m.yaml", bytes_of(text), &out, &listener);
    return buf_take(&out);
}

static void expect_text(const char *text, const char *want)
{
    OWN(buf) struct buf lines = {0};
    size_t errors = 0;
    OWN(free) char *got = converted(text, &lines, &errors);
    if (errors)
        fail_msg("%s", lines.data);
    EXPECT_STR(got, want);
}

static void expect_error(const char *text, const char *want)
{
    OWN(buf) struct buf lines = {0};
    size_t errors = 0;
    free(converted(text, &lines, &errors));
    EXPECT_INT(errors, 1);
    EXPECT_STR(lines.data, want);
}

#define SERVING "apiVersion: serving.knative.dev/"
#define SERVICE "v1alpha1\nkind: Service\nmetadata: {name: s}\n"
#define TODAY   "v1\nkind: Service\nmetadata: {name: s}\n"

TEST(a_service_keeps_its_comments_order_and_blank_lines)
{
    expect_text("# top\n\n" SERVING SERVICE "spec: # s\n"
                "  # before\n"
                "  runLatest: # a\n"
                "    # above\n"
                "    configuration: # b\n"
                "      revisionTemplate: # c\n"
                "        metadata: # d\n"
                "          annotations:\n"
                "            x: |\n"
                "              text # no comment\n"
                "\n"
                "              more\n"
                "\n"
                "        spec: # e\n"
                "          # why\n"
                "          container: # f\n"
                "            # Replace this\n"
                "            image: x # pinned\n"
                "            # env: []\n"
                "          timeoutSeconds: 5\n"
                "          # the end\n"
                "# below\n",
                "# top\n\n" SERVING TODAY "spec: # s\n"
                "  # before\n"
                "  template: # a\n"
                "    # above\n"
                "    # b\n"
                "    # c\n"
                "    metadata: # d\n"
                "      annotations:\n"
                "        x: |\n"
                "          text # no comment\n"
                "\n"
                "          more\n"
                "\n"
                "    spec: # e\n"
                "      # why\n"
                "      containers: # f\n"
                "      # Replace this\n"
                "      - image: x # pinned\n"
                "        # env: []\n"
                "      timeoutSeconds: 5\n"
                "      # the end\n"
                "# below\n");
}

TEST(a_service_in_braces_stays_in_braces)
{
    expect_text(SERVING SERVICE "spec: {runLatest: {configuration: {revisionTemplate: {spec: "
                                "{container: {image: x}}}}}} # all\n",
                SERVING TODAY "spec: {template: {spec: {containers: [{image: x}]}}} # all\n");
}

TEST(json_stays_json)
{
    expect_text("{\"apiVersion\": \"serving.knative.dev/v1alpha1\", \"kind\": \"Service\",\n"
                " \"metadata\": {\"name\": \"s\"}, \"spec\": {\"runLatest\": {\"configuration\":\n"
                "  {\"revisionTemplate\": {\"spec\": {\"container\": {\"image\": \"x\"}}}}}}}\n",
                "{\"apiVersion\": \"serving.knative.dev/v1\", \"kind\": \"Service\",\n"
                " \"metadata\": {\"name\": \"s\"}, \"spec\": {\"template\": {\"spec\": "
                "{\"containers\": [{\"image\": \"x\"}]}}}}\n");
}

TEST(wide_indentation_is_kept)
{
    expect_text(SERVING SERVICE "spec:\n"
                                "    runLatest:\n"
                                "        configuration:\n"
                                "            revisionTemplate:\n"
                                "                spec:\n"
                                "                    container:\n"
                                "                        image: x\n"
                                "                        args: [a,\n"
                                "                            b]\n",
                SERVING TODAY "spec:\n"
                              "    template:\n"
                              "        spec:\n"
                              "            containers:\n"
                              "            - image: x\n"
                              "              args: [a,\n"
                              "                  b]\n");
}

TEST(line_ends_of_windows_are_kept)
{
    expect_text("apiVersion: sources.eventing.knative.dev/v1alpha1\r\nkind: CronJobSource\r\n"
                "metadata: {name: c}\r\nspec:\r\n  # \ttab\r\n  schedule: '* * * * *'\r\n"
                "  sink:\r\n    apiVersion: serving.knative.dev/v1alpha1\r\n    kind: Service\r\n"
                "    name: s # to\r\n",
                "apiVersion: sources.knative.dev/v1\r\nkind: PingSource\r\n"
                "metadata: {name: c}\r\nspec:\r\n  # \ttab\r\n  schedule: '* * * * *'\r\n"
                "  sink:\r\n    ref:\r\n      apiVersion: serving.knative.dev/v1\r\n"
                "      kind: Service\r\n      name: s # to\r\n");
}

TEST(a_service_with_a_template_gets_the_new_version_only)
{
    expect_text(SERVING "v1beta1\nkind: Service\nmetadata: {name: s}\n"
                        "spec: {template: {spec: {containers: [{image: x}]}}}\n",
                SERVING TODAY "spec: {template: {spec: {containers: [{image: x}]}}}\n");
}

TEST(a_provisioner_becomes_a_template)
{
    expect_text("apiVersion: eventing.knative.dev/v1alpha1\nkind: Channel\nmetadata: {name: c}\n"
                "spec:\n  provisioner: # p\n    kind: ClusterChannelProvisioner\n"
                "    name: kafka # durable\n",
                "apiVersion: messaging.knative.dev/v1\nkind: Channel\nmetadata: {name: c}\n"
                "spec:\n  channelTemplate: # p\n    apiVersion: messaging.knative.dev/v1\n"
                "    kind: KafkaChannel\n    # durable\n");
    expect_text("apiVersion: eventing.knative.dev/v1alpha1\nkind: Channel\nmetadata: {name: c}\n"
                "spec: {provisioner: {name: in-memory, kind: ClusterChannelProvisioner}}\n",
                "apiVersion: messaging.knative.dev/v1\nkind: Channel\nmetadata: {name: c}\n"
                "spec: {channelTemplate: {apiVersion: messaging.knative.dev/v1, kind: "
                "InMemoryChannel}}\n");
}

TEST(a_subscription_and_all_its_references_are_converted)
{
    expect_text("apiVersion: eventing.knative.dev/v1alpha1\nkind: Subscription\n"
                "metadata: {name: s}\nspec:\n"
                "  channel: {apiVersion: eventing.knative.dev/v1alpha1, kind: Channel, name: c}\n"
                "  subscriber:\n    ref:\n      apiVersion: \"serving.knative.dev/v1alpha1\"\n"
                "      kind: Service\n      name: x\n      uid: '7' # old\n"
                "  reply:\n    channel: # back\n      apiVersion: eventing.knative.dev/v1alpha1\n"
                "      kind: Channel\n      name: d\n",
                "apiVersion: messaging.knative.dev/v1\nkind: Subscription\n"
                "metadata: {name: s}\nspec:\n"
                "  channel: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: c}\n"
                "  subscriber:\n    ref:\n      apiVersion: \"serving.knative.dev/v1\"\n"
                "      kind: Service\n      name: x\n      # old\n"
                "  reply:\n    ref: # back\n      apiVersion: messaging.knative.dev/v1\n"
                "      kind: Channel\n      name: d\n");
}

TEST(a_subscriber_without_a_scheme_becomes_an_http_url)
{
    expect_text("apiVersion: messaging.knative.dev/v1beta1\nkind: Subscription\n"
                "metadata: {name: s}\nspec:\n"
                "  channel: {apiVersion: messaging.knative.dev/v1beta1, kind: InMemoryChannel, "
                "name: c}\n  subscriber:\n    dnsName: a.example.com # host\n",
                "apiVersion: messaging.knative.dev/v1\nkind: Subscription\n"
                "metadata: {name: s}\nspec:\n"
                "  channel: {apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel, "
                "name: c}\n  subscriber:\n    uri: http://a.example.com/ # host\n");
}

TEST(a_trigger_filters_by_attributes)
{
    expect_text("apiVersion: eventing.knative.dev/v1alpha1\nkind: Trigger\nmetadata: {name: t}\n"
                "spec:\n  filter:\n    sourceAndType:\n      type: a\n  subscriber:\n"
                "    ref: {apiVersion: serving.knative.dev/v1beta1, kind: Service, name: s}\n",
                "apiVersion: eventing.knative.dev/v1\nkind: Trigger\nmetadata: {name: t}\n"
                "spec:\n  filter:\n    attributes:\n      type: a\n  subscriber:\n"
                "    ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: s}\n");
}

TEST(a_container_source_gets_a_pod)
{
    expect_text("apiVersion: sources.eventing.knative.dev/v1alpha1\nkind: ContainerSource\n"
                "metadata: {name: h}\nspec:\n"
                "  # where\n  sink: {kind: Service, apiVersion: serving.knative.dev/v1alpha1, "
                "name: s}\n\n"
                "  # what\n  image: x # pinned\n  env:\n  - name: A\n    value: b # c\n"
                "  serviceAccountName: robot\n  # last\n",
                "apiVersion: sources.knative.dev/v1\nkind: ContainerSource\n"
                "metadata: {name: h}\nspec:\n"
                "  template:\n    spec:\n      serviceAccountName: robot\n      containers:\n"
                "      # what\n      - image: x # pinned\n        env:\n        - name: A\n"
                "          value: b # c\n"
                "  # where\n  sink: {ref: {kind: Service, apiVersion: serving.knative.dev/v1, "
                "name: s}}\n"
                "  # last\n");
}

TEST(json_data_of_a_ping_source_gets_its_type)
{
    expect_text("apiVersion: sources.knative.dev/v1alpha2\nkind: PingSource\nmetadata: {name: p}\n"
                "spec:\n  jsonData: '{}' # d\n  sink: {uri: \"http://a\"}\n",
                "apiVersion: sources.knative.dev/v1\nkind: PingSource\nmetadata: {name: p}\n"
                "spec:\n  contentType: application/json\n  data: '{}' # d\n"
                "  sink: {uri: \"http://a\"}\n");
}

TEST(what_is_left_to_do_for_a_pub_sub_source_is_reported)
{
    static const char text[] =
        "apiVersion: sources.eventing.knative.dev/v1alpha1\nkind: GcpPubSubSource\n"
        "metadata: {name: g, namespace: n}\nspec:\n"
        "  topic: t\n  googleCloudProject: p # mine\n"
        "  sink: {apiVersion: eventing.knative.dev/v1alpha1, kind: Channel, name: c}\n";
    OWN(buf) struct buf lines = {0};
    size_t errors = 0;
    OWN(free) char *got = converted(text, &lines, &errors);
    EXPECT_INT(errors, 0);
    EXPECT_HAS(lines.data, "m.yaml:2: GcpPubSubSource g is a ContainerSource now: push the image");
    EXPECT_HAS(got, "        - name: GOOGLE_CLOUD_PROJECT\n          value: p # mine\n");
    EXPECT_HAS(got, "value: knative-eventing_n_g\n");
}

TEST(what_is_up_to_date_stays_byte_for_byte)
{
    static const char *const texts[] = {
        "",
        "# nothing\n",
        "---\n---\n...\n",
        "- a list\n",
        "\xef\xbb\xbf" SERVING TODAY
        "spec:   {template: {spec: {containers: [{image: x}]}}}\r\n\r\n",
        "%YAML 1.1\n---\nkind:  Secret # \t x\napiVersion: v1\n...\n# end",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a]\n",
        "apiVersion: operator.knative.dev/v1beta1\nkind: KnativeServing\n",
        "apiVersion: eventing.knative.dev/v1alpha1\nkind: EventPolicy\n",
        "a: &x {b: 1}\nc: {<<: *x}\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        expect_text(texts[i], texts[i]);
}

TEST(documents_beside_an_old_one_stay_byte_for_byte)
{
    expect_text("# a\n\n---   # first\nkind:   ConfigMap\napiVersion: v1\n...\n# between\n---\n"
                "apiVersion: messaging.knative.dev/v1alpha1\nkind: InMemoryChannel\n"
                "metadata: {name: c} # ü\n\n---\n# last\n",
                "# a\n\n---   # first\nkind:   ConfigMap\napiVersion: v1\n...\n# between\n---\n"
                "apiVersion: messaging.knative.dev/v1\nkind: InMemoryChannel\n"
                "metadata: {name: c} # ü\n\n---\n# last\n");
}

TEST(objects_in_a_list_are_converted)
{
    expect_text("apiVersion: v1\nkind: List\nitems:\n"
                "- kind: Channel # c\n  apiVersion: messaging.knative.dev/v1alpha1\n"
                "  metadata: {name: c}\n- {kind: Secret, apiVersion: v1}\n",
                "apiVersion: v1\nkind: List\nitems:\n"
                "- kind: Channel # c\n  apiVersion: messaging.knative.dev/v1\n"
                "  metadata: {name: c}\n- {kind: Secret, apiVersion: v1}\n");
}

TEST(anchors_beside_what_changes_are_kept)
{
    expect_text("apiVersion: messaging.knative.dev/v1beta1\nkind: Channel\n"
                "metadata: {name: &n c, labels: {app: *n}}\n",
                "apiVersion: messaging.knative.dev/v1\nkind: Channel\n"
                "metadata: {name: &n c, labels: {app: *n}}\n");
}

TEST(what_has_no_counterpart_is_reported_with_advice)
{
    expect_error("---\napiVersion: eventing.knative.dev/v1alpha1\n"
                 "kind: ClusterChannelProvisioner\nmetadata: {name: c}\n",
                 "m.yaml:3: kind ClusterChannelProvisioner of eventing.knative.dev/v1alpha1 has no "
                 "counterpart: the kind of a channel is named in its spec.channelTemplate now; "
                 "remove this document\n");
    expect_error(SERVING SERVICE "spec:\n  release:\n    revisions: [a]\n",
                 "m.yaml:5: spec.release has no counterpart: write its configuration as "
                 "runLatest, and spec.traffic after it\n");
    expect_error("apiVersion: eventing.knative.dev/v1alpha1\nkind: Channel\nmetadata: {name: c}\n"
                 "spec:\n  provisioner:\n    name: natss\n    kind: ClusterChannelProvisioner\n",
                 "m.yaml:6: spec.provisioner.name is \"natss\"; use in-memory-channel, kafka or "
                 "gcp-pubsub, or write spec.channelTemplate by hand\n");
}

TEST(a_layout_that_cannot_be_edited_is_reported)
{
    expect_error("apiVersion: sources.eventing.knative.dev/v1alpha1\nkind: CronJobSource\n"
                 "metadata: {name: c, labels: &l {a: b}}\nspec:\n  schedule: x\n"
                 "  sink: {kind: Service, apiVersion: &v serving.knative.dev/v1alpha1, name: *v}\n",
                 "m.yaml:6: spec.sink.apiVersion cannot be converted in this layout; write it "
                 "without aliases, anchors and tags, each member on a line of its own\n");
    expect_error("apiVersion: sources.eventing.knative.dev/v1alpha1\nkind: GcpPubSubSource\n"
                 "metadata: {name: g}\nspec: {topic: t, googleCloudProject: p, sink: {kind: "
                 "Channel, name: c}}\n",
                 "m.yaml:4: spec cannot be converted in this layout; write its members on lines "
                 "of their own, without braces\n");
}

TEST(a_comment_is_never_lost)
{
    expect_error(SERVING SERVICE "spec: {runLatest: {configuration: # why\n"
                                 "  {revisionTemplate: {spec: {container: {image: x}}}}}}\n",
                 "m.yaml:4: spec.runLatest cannot be converted in this layout; write it without "
                 "aliases, anchors and tags, each member on a line of its own\n");
}

TEST(a_mistake_is_reported_as_by_kn_local_up)
{
    expect_error(SERVING SERVICE "spec:\n  runLatst: {}\n",
                 "m.yaml:5: spec.runLatst is not known\n");
    expect_error("a: 1\n b: 2\n", "m.yaml:2: mapping values are not allowed in this context\n");
}

static void read_docs(const char *text, struct yaml_docs *docs)
{
    struct err err = {0};
    if (!yaml_read(bytes_of(text), "m.yaml", docs, &err))
        fail_msg("%s", err.text);
}

/* convert does the same to an old object as the Kubernetes API. */
static void expect_same(const json_t *old, const json_t *new)
{
    struct err err = {0};
    struct validation_error problem = {0};
    const struct kind *from = kind_of_object(old, &err);
    const struct kind *to = kind_of_object(new, &err);
    EXPECT(from && to && to->hub == NULL);
    EXPECT(kind_validate(to, new, NULL, &problem));
    json_auto_t *today = kind_convert(old, from, to);
    EXPECT(from->hub != to ||
           json_equal(json_object_get(today, "spec"), json_object_get(new, "spec")));
}

TEST(convert_does_to_the_articles_manifests_what_the_api_does)
{
    static const char *const files[] = {"channel", "gcp-pubsub-source", "subscriber",
                                        "vision-subscriber"};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        OWN(free) char *path = str_format("tests/fuzz/corpus/convert/%s.yaml", files[i]);
        OWN(buf) struct buf text = {.max = 1 << 20};
        OWN(buf) struct buf lines = {0};
        OWN(yaml_docs) struct yaml_docs before = {0};
        OWN(yaml_docs) struct yaml_docs after = {0};
        struct err err = {0};
        size_t errors = 0;
        EXPECT(file_read(path, &text, &err));
        OWN(free) char *today = converted(text.data, &lines, &errors);
        EXPECT_INT(errors, 0);
        read_docs(text.data, &before);
        read_docs(today, &after);
        EXPECT_INT(before.count, after.count);
        for (size_t j = 0; j < before.count; j++)
            expect_same(before.list[j].tree, after.list[j].tree);
    }
}
