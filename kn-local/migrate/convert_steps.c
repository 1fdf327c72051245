/* SPDX-License-Identifier: Apache-2.0 */
/* The steps from an old spelling of a kind to today's. */
#include "base/str.h"
#include "kn-local/migrate/convert.h"

#include <string.h>

static const char *text_at(const struct yaml_edit *rewrite, const char *path)
{
    return json_string_value(yaml_edit_get(rewrite, path));
}

static bool drop_if_there(struct yaml_edit *rewrite, const char *path, struct err *err)
{
    return !yaml_edit_get(rewrite, path) || yaml_edit_remove(rewrite, path, err);
}

static const char *const leftovers[] = {"uid", "resourceVersion", "fieldPath"};

static bool is_old_reference(const json_t *object)
{
    return convert_table_find(json_string_value(json_object_get(object, "apiVersion")),
                              json_string_value(json_object_get(object, "kind"))) != NULL;
}

/* The path of the first old reference within a value, "" when there is none. The caller frees. */
static char *find_reference(const json_t *value, const char *path)
{
    const char *key;
    json_t *item;
    size_t index;
    if (is_old_reference(value))
        return str_copy(path);
    json_object_foreach((json_t *)value, key, item)
    {
        OWN(free) char *place = str_format("%s.%s", path, key);
        OWN(free) char *found = find_reference(item, place);
        if (*found && !strpbrk(key, ".[]"))
            return move_ptr(&found);
    }
    json_array_foreach(value, index, item)
    {
        OWN(free) char *place = str_format("%s[%zu]", path, index);
        OWN(free) char *found = find_reference(item, place);
        if (*found)
            return move_ptr(&found);
    }
    return str_copy("");
}

static bool renew_reference(struct yaml_edit *rewrite, const char *path, struct err *err)
{
    OWN(free) char *version = str_format("%s.apiVersion", path);
    OWN(free) char *kind = str_format("%s.kind", path);
    const struct conversion *today =
        convert_table_find(text_at(rewrite, version), text_at(rewrite, kind));
    for (size_t i = 0; i < ARRAY_SIZE(leftovers); i++) {
        OWN(free) char *leftover = str_format("%s.%s", path, leftovers[i]);
        if (!drop_if_there(rewrite, leftover, err))
            return false;
    }
    return (!today->new_kind || yaml_edit_set(rewrite, kind, today->new_kind, err)) &&
           yaml_edit_set(rewrite, version, today->api_version, err);
}

bool convert_references(struct yaml_edit *rewrite, struct err *err)
{
    for (;;) {
        OWN(free) char *path = find_reference(yaml_edit_get(rewrite, "spec"), "spec");
        if (!*path)
            return true;
        if (!renew_reference(rewrite, path, err))
            return false;
    }
}

static const struct {
    const char *provisioner, *kind;
} channels[] = {
    {"in-memory-channel", "InMemoryChannel"},
    {"in-memory", "InMemoryChannel"},
    {"kafka", "KafkaChannel"},
    {"gcp-pubsub", "KafkaChannel"},
};

static const char *channel_kind(const char *provisioner)
{
    for (size_t i = 0; i < ARRAY_SIZE(channels); i++)
        if (str_equal(channels[i].provisioner, provisioner))
            return channels[i].kind;
    return NULL;
}

/* provisioner: {kind: ClusterChannelProvisioner, name: N} becomes channelTemplate: {kind: K}. */
static bool convert_provisioner(struct yaml_edit *rewrite, struct err *err)
{
    const char *name = text_at(rewrite, "spec.provisioner.name");
    const char *kind = channel_kind(name);
    if (!kind)
        return err_set(err, ERR_INPUT,
                       "spec.provisioner.name is \"%.60s\", want in-memory-channel, kafka or "
                       "gcp-pubsub; for another channel write spec.channelTemplate by hand",
                       name ? name : "");
    bool versioned = yaml_edit_get(rewrite, "spec.provisioner.apiVersion") != NULL;
    static const char version[] = "messaging.knative.dev/v1";
    return yaml_edit_rename(rewrite, "spec.provisioner", "channelTemplate", err) &&
           (versioned ? yaml_edit_set(rewrite, "spec.channelTemplate.apiVersion", version, err)
                      : yaml_edit_insert(rewrite, "spec.channelTemplate.kind", "apiVersion",
                                         version, err)) &&
           yaml_edit_set(rewrite, "spec.channelTemplate.kind", kind, err) &&
           yaml_edit_remove(rewrite, "spec.channelTemplate.name", err);
}

bool convert_channel(struct yaml_edit *rewrite, struct err *err)
{
    return drop_if_there(rewrite, "spec.generation", err) &&
           (!yaml_edit_get(rewrite, "spec.provisioner") || convert_provisioner(rewrite, err));
}

/* dnsName, a host, became uri. */
static bool convert_subscriber(struct yaml_edit *rewrite, struct err *err)
{
    const char *host = text_at(rewrite, "spec.subscriber.dnsName");
    if (!host)
        return true;
    OWN(free) char *uri = str_format(strstr(host, "://") ? "%s" : "http://%s", host);
    return yaml_edit_set(rewrite, "spec.subscriber.dnsName", uri, err) &&
           yaml_edit_rename(rewrite, "spec.subscriber.dnsName", "uri", err);
}

static bool convert_reply(struct yaml_edit *rewrite, struct err *err)
{
    const json_t *to = yaml_edit_get(rewrite, "spec.reply.channel");
    if (!to)
        return true;
    if (json_object_get(to, "ref") || json_object_get(to, "uri"))
        return yaml_edit_lift(rewrite, "spec.reply", "channel", "reply", err);
    return yaml_edit_rename(rewrite, "spec.reply.channel", "ref", err);
}

bool convert_subscription(struct yaml_edit *rewrite, struct err *err)
{
    return drop_if_there(rewrite, "spec.generation", err) && convert_subscriber(rewrite, err) &&
           convert_reply(rewrite, err) && convert_references(rewrite, err);
}

bool convert_trigger(struct yaml_edit *rewrite, struct err *err)
{
    bool old_filter = yaml_edit_get(rewrite, "spec.filter.sourceAndType") != NULL;
    return (!old_filter ||
            yaml_edit_rename(rewrite, "spec.filter.sourceAndType", "attributes", err)) &&
           convert_subscriber(rewrite, err) && convert_references(rewrite, err);
}

static bool convert_revision(struct yaml_edit *rewrite, struct err *err)
{
    const char *model = text_at(rewrite, "spec.template.spec.concurrencyModel");
    if (model && !str_equal(model, "Multi"))
        return err_set(err, ERR_INPUT,
                       "spec.template.spec.concurrencyModel has no counterpart: write "
                       "containerConcurrency: 1 instead");
    bool single = yaml_edit_get(rewrite, "spec.template.spec.container") != NULL;
    return drop_if_there(rewrite, "spec.template.spec.concurrencyModel", err) &&
           drop_if_there(rewrite, "spec.template.spec.generation", err) &&
           drop_if_there(rewrite, "spec.generation", err) &&
           (!single || yaml_edit_list(rewrite, "spec.template.spec.container", "containers", err));
}

bool convert_service(struct yaml_edit *rewrite, struct err *err)
{
    bool old = yaml_edit_get(rewrite, "spec.runLatest.configuration.revisionTemplate") != NULL;
    bool newer = yaml_edit_get(rewrite, "spec.runLatest.configuration.template") != NULL;
    const char *inner = old ? "configuration.revisionTemplate" : "configuration.template";
    return ((!old && !newer) ||
            yaml_edit_lift(rewrite, "spec.runLatest", inner, "template", err)) &&
           convert_revision(rewrite, err);
}

bool convert_configuration(struct yaml_edit *rewrite, struct err *err)
{
    bool old = yaml_edit_get(rewrite, "spec.revisionTemplate") != NULL;
    return (!old || yaml_edit_rename(rewrite, "spec.revisionTemplate", "template", err)) &&
           convert_revision(rewrite, err);
}

/* A sink was a reference, now it is what has one. */
bool convert_source(struct yaml_edit *rewrite, struct err *err)
{
    bool bare = yaml_edit_get(rewrite, "spec.sink.kind") != NULL;
    return convert_references(rewrite, err) &&
           (!bare || yaml_edit_wrap(rewrite, "spec.sink", "ref", err));
}

bool convert_ping_source(struct yaml_edit *rewrite, struct err *err)
{
    bool json = yaml_edit_get(rewrite, "spec.jsonData") != NULL;
    return convert_source(rewrite, err) &&
           (!json ||
            (yaml_edit_insert(rewrite, "spec.jsonData", "contentType", "application/json", err) &&
             yaml_edit_rename(rewrite, "spec.jsonData", "data", err)));
}
