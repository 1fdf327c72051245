/* SPDX-License-Identifier: Apache-2.0 */
/* Sources that become the pod of a ContainerSource: their members move, with their comments. */
#include "base/str.h"
#include "kn-local/migrate/convert.h"
#include "kn-local/migrate/text_edit.h"

#include <string.h>

/* The new lines of a spec, and the old text that they are made of. */
struct pod_edit {
    struct yaml_edit *rewrite;
    struct bytes text;
    size_t column; /* of the spec's members */
    struct buf lines;
};

static void own_pod_edit(struct pod_edit *pod)
{
    buf_done(&pod->lines);
}

static bool pod_open(struct yaml_edit *rewrite, struct pod_edit *pod, struct err *err)
{
    const struct yaml_node *spec = yaml_edit_node(rewrite, "spec");
    *pod = (struct pod_edit){.rewrite = rewrite, .text = bytes_of(rewrite->text)};
    if (!spec || spec->type != YAML_NODE_MAPPING || spec->flow || !spec->first)
        return err_set(err, ERR_INPUT,
                       "spec cannot be rewritten in this layout; write its members on lines of "
                       "their own, without braces");
    pod->column = text_line_column(pod->text, spec->first->key->start);
    return true;
}

static struct yaml_node *member(const struct pod_edit *pod, const char *name)
{
    OWN(free) char *path = str_format("spec.%s", name);
    return yaml_edit_node(pod->rewrite, path);
}

/* A line, so many columns deeper than the spec's members. */
static void put(struct pod_edit *pod, size_t deeper, const char *text)
{
    buf_add_format(&pod->lines, "%*s%s%s", (int)(pod->column + deeper), "", text,
                   text_line_ending(pod->text));
}

/* Where the lines of a member begin: its comments, behind the member before it. */
static size_t lines_start(const struct pod_edit *pod, const struct yaml_node *node)
{
    size_t before = node->previous ? node->previous->end : node->parent->key->end;
    return text_line_next(pod->text, before);
}

/* The comments within some lines, a line each. */
static void put_comments(struct pod_edit *pod, size_t start, size_t end, size_t deeper)
{
    for (size_t line = start; line < end; line = text_line_next(pod->text, line)) {
        size_t indent = text_line_indent(pod->text, line);
        size_t at = text_line_is_comment(pod->text, line) ? line + indent
                                                          : text_line_comment(pod->text, line);
        size_t last = text_line_end(pod->text, line);
        OWN(free) char *comment = str_copy_bytes((struct bytes){pod->text.data + at, last - at});
        if (*comment)
            put(pod, deeper, comment);
    }
}

/* The comments above a member, and blank lines unless it opens a list's item. */
static void put_lines_above(struct pod_edit *pod, const struct yaml_node *node, size_t deeper,
                            bool blanks)
{
    size_t end = text_line_start(pod->text, node->key->start);
    for (size_t line = lines_start(pod, node); line < end; line = text_line_next(pod->text, line))
        if (text_line_is_comment(pod->text, line))
            put_comments(pod, line, line + 1, deeper);
        else if (blanks)
            buf_add_text(&pod->lines, text_line_ending(pod->text));
}

/* "KEY VALUE # comment" as it stood. */
static void put_value(struct pod_edit *pod, const struct yaml_node *node, size_t deeper,
                      const char *key)
{
    size_t end = text_line_end(pod->text, node->end);
    OWN(free) char *value =
        str_copy_bytes((struct bytes){pod->text.data + node->start, end - node->start});
    OWN(free) char *line = str_format("%s %s", key, value);
    put(pod, deeper, line);
}

/* The lines of a member with its comments, moved right, the key behind a dash if it opens a list's
 * item. */
static void put_member(struct pod_edit *pod, const struct yaml_node *node, size_t deeper, bool dash)
{
    size_t key_line = text_line_start(pod->text, node->key->start);
    put_lines_above(pod, node, dash ? deeper - 2 : deeper, !dash);
    for (size_t line = key_line; line < node->end; line = text_line_next(pod->text, line)) {
        size_t end = text_line_end(pod->text, line);
        size_t indent = dash && line == key_line ? text_line_indent(pod->text, line) : 0;
        OWN(free) char *rest =
            str_copy_bytes((struct bytes){pod->text.data + line + indent, end - line - indent});
        if (indent)
            buf_add_format(&pod->lines, "%*s- %s%s", (int)(pod->column + deeper - 2), "", rest,
                           text_line_ending(pod->text));
        else
            buf_add_format(&pod->lines, "%*s%s%s", *rest ? (int)deeper : 0, "", rest,
                           text_line_ending(pod->text));
    }
}

/* Comments behind the last member stay last. */
static void put_last_comments(struct pod_edit *pod)
{
    const struct yaml_node *spec = yaml_edit_node(pod->rewrite, "spec");
    size_t start = text_line_next(pod->text, spec->end);
    put_comments(pod, start, text_line_member_end(pod->text, spec), 0);
}

static void put_variable(struct pod_edit *pod, const char *name, const char *value)
{
    OWN(free) char *first = str_format("- name: %s", name);
    OWN(free) char *second = str_format("  value: %s", value);
    put(pod, 6, first);
    put(pod, 6, second);
}

static void put_old_variable(struct pod_edit *pod, const char *name, const struct yaml_node *node)
{
    OWN(free) char *first = str_format("- name: %s", name);
    put_lines_above(pod, node, 6, false);
    put(pod, 6, first);
    put_value(pod, node, 6, "  value:");
}

static json_t *variable(const char *name, const char *value)
{
    return json_pack("{s:s, s:s}", "name", name, "value", value);
}

struct gcp_source {
    const struct yaml_node *project, *topic, *sink, *secret, *secret_name, *key, *account;
    char *subscription, *path;
};

static void own_gcp_source(struct gcp_source *gcp)
{
    free(gcp->subscription);
    free(gcp->path);
}

static bool gcp_open(const struct pod_edit *pod, struct gcp_source *gcp, struct err *err)
{
    const char *ns = json_string_value(yaml_edit_get(pod->rewrite, "metadata.namespace"));
    const char *name = json_string_value(yaml_edit_get(pod->rewrite, "metadata.name"));
    *gcp = (struct gcp_source){
        .project = member(pod, "googleCloudProject"),
        .topic = member(pod, "topic"),
        .sink = member(pod, "sink"),
        .secret = member(pod, "gcpCredsSecret"),
        .secret_name = member(pod, "gcpCredsSecret.name"),
        .key = member(pod, "gcpCredsSecret.key"),
        .account = member(pod, "serviceAccountName"),
    };
    const char *missing = !gcp->project                      ? "googleCloudProject"
                          : !gcp->topic                      ? "topic"
                          : !gcp->sink                       ? "sink"
                          : gcp->secret && !gcp->secret_name ? "gcpCredsSecret.name"
                          : gcp->secret && !gcp->key         ? "gcpCredsSecret.key"
                                                             : NULL;
    if (missing || !name)
        return err_set(err, ERR_INPUT, "%s%s is missing", missing ? "spec." : "metadata.name",
                       missing ? missing : "");
    gcp->subscription = str_format("knative-eventing_%s_%s", ns ? ns : "default", name);
    gcp->path = str_format("/var/secrets/google/%s", gcp->key ? gcp->key->text : "");
    return true;
}

static void put_container(struct pod_edit *pod, const struct gcp_source *gcp)
{
    put(pod, 0, "template:");
    put(pod, 2, "spec:");
    if (gcp->account)
        put_member(pod, gcp->account, 4, false);
    put(pod, 4, "containers:");
    put(pod, 4, "- name: receive-adapter");
    put(pod, 4, "  image: docker.io/{username}/pubsub-source:v1");
    put(pod, 4, "  env:");
    put_old_variable(pod, "GOOGLE_CLOUD_PROJECT", gcp->project);
    put_old_variable(pod, "PUBSUB_TOPIC", gcp->topic);
    put_variable(pod, "PUBSUB_SUBSCRIPTION", gcp->subscription);
    put_variable(pod, "EVENT_FORM", "legacy");
}

static void put_secret(struct pod_edit *pod, const struct gcp_source *gcp)
{
    put_variable(pod, "GOOGLE_APPLICATION_CREDENTIALS", gcp->path);
    put(pod, 6, "volumeMounts:");
    put(pod, 6, "- name: google-cloud-key");
    put(pod, 6, "  mountPath: /var/secrets/google");
    put(pod, 6, "  readOnly: true");
    put(pod, 4, "volumes:");
    put_comments(pod, lines_start(pod, gcp->secret), text_line_next(pod->text, gcp->secret->end),
                 4);
    OWN(free) char *name = str_format("    secretName: %s", gcp->secret_name->text);
    put(pod, 4, "- name: google-cloud-key");
    put(pod, 4, "  secret:");
    put(pod, 4, name);
    put(pod, 4, "    optional: true");
}

static json_t *gcp_tree(const struct pod_edit *pod, const struct gcp_source *gcp)
{
    json_t *env = json_pack("[o, o, o, o]", variable("GOOGLE_CLOUD_PROJECT", gcp->project->text),
                            variable("PUBSUB_TOPIC", gcp->topic->text),
                            variable("PUBSUB_SUBSCRIPTION", gcp->subscription),
                            variable("EVENT_FORM", "legacy"));
    json_t *container = json_pack("{s:s, s:s, s:o}", "name", "receive-adapter", "image",
                                  "docker.io/{username}/pubsub-source:v1", "env", env);
    json_t *spec = json_pack("{s:[o]}", "containers", container);
    if (gcp->account)
        json_object_set_new(spec, "serviceAccountName", json_string(gcp->account->text));
    if (gcp->secret) {
        json_array_append_new(env, variable("GOOGLE_APPLICATION_CREDENTIALS", gcp->path));
        json_object_set_new(container, "volumeMounts",
                            json_pack("[{s:s, s:s, s:b}]", "name", "google-cloud-key", "mountPath",
                                      "/var/secrets/google", "readOnly", 1));
        json_object_set_new(spec, "volumes",
                            json_pack("[{s:s, s:{s:s, s:b}}]", "name", "google-cloud-key", "secret",
                                      "secretName", gcp->secret_name->text, "optional", 1));
    }
    return json_pack("{s:{s:o}, s:O}", "template", "spec", spec, "sink",
                     yaml_edit_get(pod->rewrite, "spec.sink"));
}

static bool gcp_fields(const struct pod_edit *pod, struct err *err)
{
    static const char *const known[] = {"googleCloudProject", "topic", "sink", "gcpCredsSecret",
                                        "serviceAccountName"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)yaml_edit_get(pod->rewrite, "spec"), key, value)
    {
        size_t i = 0;
        while (i < ARRAY_SIZE(known) && !str_equal(known[i], key))
            i++;
        if (i == ARRAY_SIZE(known))
            return err_set(err, ERR_INPUT, "spec.%s is not known", key);
    }
    return true;
}

bool convert_gcp_source(struct yaml_edit *rewrite, struct err *err)
{
    OWN(pod_edit) struct pod_edit pod = {0};
    OWN(gcp_source) struct gcp_source gcp = {0};
    if (!convert_source(rewrite, err) || !pod_open(rewrite, &pod, err) || !gcp_fields(&pod, err) ||
        !gcp_open(&pod, &gcp, err))
        return false;
    put_container(&pod, &gcp);
    if (gcp.secret)
        put_secret(&pod, &gcp);
    put_member(&pod, gcp.sink, 0, false);
    put_last_comments(&pod);
    return yaml_edit_replace_new(rewrite, "spec", pod.lines.data, gcp_tree(&pod, &gcp), err);
}

static const char *const of_container[] = {"image", "args", "env"};

static json_t *container_tree(const struct pod_edit *pod)
{
    const json_t *old = yaml_edit_get(pod->rewrite, "spec");
    json_t *container = json_object();
    json_t *spec = json_copy((json_t *)old);
    json_t *template = json_pack("{s:[o]}", "containers", container);
    for (size_t i = 0; i < ARRAY_SIZE(of_container); i++) {
        if (json_object_get(old, of_container[i]))
            json_object_set(container, of_container[i], json_object_get(old, of_container[i]));
        json_object_del(spec, of_container[i]);
    }
    if (json_object_get(old, "serviceAccountName"))
        json_object_set(template, "serviceAccountName", json_object_get(old, "serviceAccountName"));
    json_object_del(spec, "serviceAccountName");
    json_object_set_new(spec, "template", json_pack("{s:o}", "spec", template));
    return spec;
}

static bool is_moved(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(of_container); i++)
        if (str_equal(of_container[i], name))
            return true;
    return false;
}

static void put_old_container(struct pod_edit *pod)
{
    const struct yaml_node *account = member(pod, "serviceAccountName");
    put(pod, 0, "template:");
    put(pod, 2, "spec:");
    if (account)
        put_member(pod, account, 4, false);
    put(pod, 4, "containers:");
    bool first = true;
    for (const struct yaml_node *node = member(pod, "image")->parent->first; node;
         node = node->next)
        if (is_moved(node->key->text)) {
            put_member(pod, node, 6, first);
            first = false;
        }
}

/* The sink, and what else stays a member of the spec. */
static void put_others(struct pod_edit *pod)
{
    for (const struct yaml_node *node = member(pod, "image")->parent->first; node;
         node = node->next)
        if (!is_moved(node->key->text) && !str_equal(node->key->text, "serviceAccountName"))
            put_member(pod, node, 0, false);
}

bool convert_container_source(struct yaml_edit *rewrite, struct err *err)
{
    OWN(pod_edit) struct pod_edit pod = {0};
    if (!convert_source(rewrite, err))
        return false;
    if (!yaml_edit_get(rewrite, "spec.image"))
        return true;
    if (!pod_open(rewrite, &pod, err))
        return false;
    put_old_container(&pod);
    put_others(&pod);
    put_last_comments(&pod);
    return yaml_edit_replace_new(rewrite, "spec", pod.lines.data, container_tree(&pod), err);
}
