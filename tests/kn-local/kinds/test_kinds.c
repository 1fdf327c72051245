/* SPDX-License-Identifier: Apache-2.0 */
/* What manifests may say: fields, types, names, and the words of 2019. */
#include "base/json/jread.h"
#include "base/str.h"
#include "base/yaml/yaml.h"
#include "kn-local/kinds/kinds.h"
#include "tests/helpers/test.h"

/* The first problem of a manifest as "LINE: path text"; "" when there is none. */
static char *problem_of(const char *yaml)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    if (!yaml_read(bytes_of(yaml), "m.yaml", &docs, &err))
        return str_copy(err.text);
    const struct kind *kind = kind_of_object(docs.list[0].tree, &err);
    struct validation_error problem = {0};
    if (!kind)
        return str_copy(err.text);
    if (kind_validate(kind, docs.list[0].tree, NULL, &problem))
        return str_copy("");
    return str_format("%zu: %s %s", yaml_line(&docs.list[0], problem.path), problem.path,
                      problem.text);
}

static void expect_problem(const char *yaml, const char *want)
{
    OWN(free) char *problem = problem_of(yaml);
    EXPECT_STR(problem, want);
}

#define SUBSCRIPTION                                                                               \
    "apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata:\n  name: s\nspec:\n"      \
    "  channel: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: c}\n"

TEST(a_subscription_may_be_complete)
{
    expect_problem(SUBSCRIPTION
                   "  subscriber:\n    ref: {apiVersion: serving.knative.dev/v1, "
                   "kind: Service, name: x}\n    uri: /path\n"
                   "  delivery: {retry: 3, backoffPolicy: linear, backoffDelay: PT0.2S,"
                   " deadLetterSink: {uri: 'http://x/'}}\n",
                   "");
}

TEST(an_unknown_field_is_reported_with_its_line_and_a_similar_name)
{
    expect_problem(SUBSCRIPTION "  sbscriber:\n    uri: http://x\n",
                   "7: spec.sbscriber is not known; did you mean subscriber?");
    expect_problem(SUBSCRIPTION "  subscriber: {uri: 'http://x'}\n  delivery:\n    retri: 3\n",
                   "9: spec.delivery.retri is not known; did you mean retry?");
    expect_problem("apiVersion: v1\nkind: Secret\nmetadata:\n  nam: x\n",
                   "4: metadata.nam is not known; did you mean name?");
    expect_problem("apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringdata: {}\n",
                   "4: stringdata is not known; did you mean stringData?");
}

TEST(a_wrong_type_is_reported_with_the_expected_one)
{
    expect_problem(SUBSCRIPTION "  subscriber: text\n",
                   "7: spec.subscriber is a string; must be an object");
    expect_problem(SUBSCRIPTION "  subscriber: {uri: 'http://x'}\n  delivery: {retry: '3'}\n",
                   "8: spec.delivery.retry is a string; must be an integer");
    expect_problem(SUBSCRIPTION "  subscriber: {uri: 'http://x'}\n  delivery: {retry: -1}\n",
                   "8: spec.delivery.retry is -1; must be at least 0");
    expect_problem("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: 1\n",
                   "5: data.a must be a string; quote the value");
}

TEST(an_invalid_value_is_reported)
{
    expect_problem(
        SUBSCRIPTION "  subscriber: {uri: 'http://x'}\n  delivery: {backoffPolicy: Linear}\n",
        "8: spec.delivery.backoffPolicy is \"Linear\"; must be one of \"linear\", \"exponential\"");
    expect_problem(
        SUBSCRIPTION "  subscriber: {uri: 'http://x'}\n  delivery: {backoffDelay: 2s}\n",
        "8: spec.delivery.backoffDelay is not an ISO 8601 duration, such as PT0.5S or PT1M");
    expect_problem(
        SUBSCRIPTION "  subscriber: {uri: 'http://x'}\n  delivery: {timeout: PT0S}\n",
        "8: spec.delivery.timeout is not a positive ISO 8601 duration, such as PT0.5S or PT1M");
}

TEST(a_missing_field_is_reported_where_it_should_be)
{
    expect_problem("apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {name: s}\n"
                   "spec:\n  subscriber: {uri: 'http://x'}\n",
                   "4: spec.channel is missing");
    expect_problem(SUBSCRIPTION, "5: spec.subscriber is missing");
    expect_problem("apiVersion: v1\nkind: Secret\nmetadata: {}\n", "3: metadata.name is missing");
    expect_problem("apiVersion: v1\nkind: Secret\n", "1: metadata is missing");
}

TEST(a_destination_is_a_ref_or_an_absolute_uri)
{
    expect_problem(SUBSCRIPTION "  subscriber: {}\n",
                   "7: spec.subscriber must have a ref or a uri");
    expect_problem(SUBSCRIPTION "  subscriber: {uri: /x}\n",
                   "7: spec.subscriber has a uri that is not an absolute http or https URL");
    expect_problem(SUBSCRIPTION
                   "  subscriber:\n    ref: {kind: Service, name: x}\n    uri: http://x/\n",
                   "7: spec.subscriber has a ref and an absolute uri; use only one of them");
}

TEST(an_unknown_kind_is_reported_with_a_similar_one)
{
    expect_problem("apiVersion: messaging.knative.dev/v1\nkind: Subscripton\nmetadata: {name: x}\n",
                   "no kind \"Subscripton\" in \"messaging.knative.dev/v1\"; did you mean "
                   "Subscription in messaging.knative.dev/v1?");
    expect_problem("apiVersion: messaging.knative.dev/v2\nkind: Channel\nmetadata: {name: x}\n",
                   "no kind \"Channel\" in \"messaging.knative.dev/v2\"; did you mean Channel in "
                   "messaging.knative.dev/v1?");
    expect_problem("kind: Channel\n", "apiVersion is missing");
    expect_problem("apiVersion: v1\n", "kind is missing");
}

TEST(an_invalid_name_is_reported)
{
    OWN(free) char *problem = problem_of("apiVersion: v1\nkind: Secret\nmetadata: {name: A_b}\n");
    EXPECT_HAS(problem, "metadata.name is \"A_b\", which is not a valid name for a Secret");
}

#define SERVICE                                                                                    \
    "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\nspec:\n  template:\n" \
    "    spec:\n      containers:\n      - image: x\n"

TEST(a_service_has_one_container_and_must_not_set_platform_variables)
{
    expect_problem(SERVICE, "");
    expect_problem(SERVICE "      - image: y\n",
                   "7: spec.template.spec.containers has 2 containers; must have exactly one");
    expect_problem(SERVICE "        env:\n        - name: K_SERVICE\n          value: x\n",
                   "10: spec.template.spec.containers[0].env[0].name is \"K_SERVICE\", which is "
                   "set by the platform");
    expect_problem(SERVICE "        imag: y\n",
                   "9: spec.template.spec.containers[0].imag is not known; did you mean image?");
}

#define CONTAINER                                                                                  \
    "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\nspec:\n"              \
    "  template:\n    spec:\n      containers:\n      - image: x\n"
#define AT "spec.template.spec.containers[0]."

TEST(security_context_and_resources_are_validated_although_a_process_ignores_them)
{
    expect_problem(CONTAINER "        securityContext: {runAsNonRoot: true, capabilities: {drop: "
                             "[ALL]}, seccompProfile: {type: RuntimeDefault}}\n"
                             "        resources: {requests: {cpu: 1, memory: 64Mi}}\n",
                   "");
    expect_problem(CONTAINER "        securityContext: {runAsNonroot: true}\n",
                   "9: " AT "securityContext.runAsNonroot is not known; did you mean "
                   "runAsNonRoot?");
    expect_problem(CONTAINER "        securityContext: {seccompProfile: {type: Default}}\n",
                   "9: " AT "securityContext.seccompProfile.type is \"Default\"; must be one of "
                   "\"RuntimeDefault\", \"Localhost\", \"Unconfined\"");
    expect_problem(CONTAINER "        resources: {requests: {cpu: [1]}}\n",
                   "9: " AT "resources.requests must have quantities, such as 50m or 64Mi");
}

TEST(no_path_leads_out_of_a_mounted_folder)
{
    expect_problem("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {../a: b}\n",
                   "4: data has an invalid key; use letters, digits, '-', '_' and '.', and do not "
                   "start with \"..\"");
    expect_problem(SERVICE "        volumeMounts: [{name: v, mountPath: /a/../../b}]\n",
                   "9: spec.template.spec.containers[0].volumeMounts[0].mountPath must be an "
                   "absolute path without \"..\"");
    expect_problem(SERVICE "      volumes: [{name: v, secret: {items: [{key: a, path: ../b}]}}]\n",
                   "9: spec.template.spec.volumes[0].secret.items[0].path must be a relative path "
                   "without \"..\"");
    expect_problem(
        SERVICE "      volumes: [{name: v, secret: {items: [{key: a, path: b/..c/d}]}}]\n", "");
}

static char *today(const char *yaml)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    EXPECT(yaml_read(bytes_of(yaml), "m.yaml", &docs, &err));
    const struct kind *kind = kind_of_object(docs.list[0].tree, &err);
    EXPECT(kind != NULL && kind->hub != NULL);
    struct validation_error problem = {0};
    EXPECT(kind_validate(kind, docs.list[0].tree, NULL, &problem));
    json_auto_t *converted = kind_convert(docs.list[0].tree, kind, kind->hub);
    EXPECT(kind_validate(kind->hub, converted, NULL, &problem));
    json_auto_t *back = kind_convert(converted, kind->hub, kind);
    EXPECT(kind_validate(kind, back, NULL, &problem));
    return json_to_text(json_object_get(converted, "spec"));
}

TEST(a_provisioner_becomes_a_channel_template)
{
    OWN(free) char *spec =
        today("apiVersion: eventing.knative.dev/v1alpha1\nkind: Channel\n"
              "metadata: {name: c}\nspec:\n  provisioner:\n    apiVersion: "
              "eventing.knative.dev/v1alpha1\n    kind: ClusterChannelProvisioner\n"
              "    name: in-memory-channel\n");
    EXPECT_STR(spec, "{\"channelTemplate\":{\"apiVersion\":\"messaging.knative.dev/v1\","
                     "\"kind\":\"InMemoryChannel\"}}");
}

TEST(a_service_of_2019_is_converted)
{
    OWN(free) char *spec = today("apiVersion: serving.knative.dev/v1alpha1\nkind: Service\n"
                                 "metadata: {name: s}\nspec:\n  runLatest:\n    configuration:\n"
                                 "      revisionTemplate:\n        spec:\n          container:\n"
                                 "            image: docker.io/{username}/vision-csharp:v1\n");
    EXPECT_STR(spec, "{\"template\":{\"spec\":{\"containers\":[{\"image\":\"docker.io/{username}/"
                     "vision-csharp:v1\"}]}}}");
}

TEST(a_subscription_of_2019_is_converted)
{
    OWN(free) char *spec = today(
        "apiVersion: eventing.knative.dev/v1alpha1\nkind: Subscription\nmetadata: {name: s}\n"
        "spec:\n  channel: {apiVersion: eventing.knative.dev/v1alpha1, kind: Channel, name: c}\n"
        "  subscriber:\n    ref: {apiVersion: serving.knative.dev/v1alpha1, kind: Service, "
        "name: v}\n");
    EXPECT_STR(spec, "{\"channel\":{\"apiVersion\":\"messaging.knative.dev/v1\",\"kind\":"
                     "\"Channel\",\"name\":\"c\"},\"subscriber\":{\"ref\":{\"apiVersion\":"
                     "\"serving.knative.dev/v1\",\"kind\":\"Service\",\"name\":\"v\"}}}");
}

TEST(a_subscriber_without_a_scheme_becomes_an_http_url)
{
    OWN(free) char *spec = today(
        "apiVersion: eventing.knative.dev/v1alpha1\nkind: Subscription\nmetadata: {name: s}\n"
        "spec:\n  channel: {kind: Channel, name: c, uid: u}\n  subscriber: {dnsName: host}\n");
    EXPECT_STR(spec, "{\"channel\":{\"kind\":\"Channel\",\"name\":\"c\"},\"subscriber\":{\"uri\":"
                     "\"http://host/\"}}");
}

TEST(kinds_have_unique_names)
{
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    for (size_t i = 0; i < count; i++) {
        EXPECT(kind_find(all[i]->group, all[i]->version, all[i]->name) == all[i]);
        EXPECT(kind_by_plural(all[i]->group, all[i]->version, all[i]->plural) == all[i]);
    }
}
