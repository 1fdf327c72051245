/* The verbs of the Kubernetes API on objects: get, list, create, replace, patch, delete. */
#include "base/jread.h"
#include "base/random.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "base/yaml.h"
#include "kn-local/admit.h"
#include "kn-local/kube_apply.h"
#include "kn-local/kube_patch.h"
#include "kn-local/kube_private.h"
#include "kn-local/kube_protobuf.h"
#include "kn-local/kube_table.h"
#include "kn-local/schema.h"
#include "net/url.h"

#include <inttypes.h>
#include <string.h>

/* ---- answers --------------------------------------------------------------------------------- */

static void refuse(struct kube_call *call, const struct err *err)
{
    kube_reply_err(call->exchange, err, call->kind, call->path.name);
}

bool kube_wants_table(const struct http_exchange *exchange)
{
    const char *accept = headers_get(&exchange->headers, "Accept");
    return accept && strstr(accept, "as=Table");
}

char *kube_include(const struct http_exchange *exchange)
{
    return query_get(exchange->query, "includeObject");
}

const struct kind *kube_columns(const struct kind *kind, const json_t *stored)
{
    const struct kind *older = NULL;
    size_t index;
    json_t *object;
    json_array_foreach(stored, index, object)
    {
        struct err err = {0};
        const struct kind *written = kind_of_object(object, &err);
        if (!written || str_equal(written->group, kind_family(written)->group) ||
            (older && older != written))
            return kind;
        older = written;
    }
    return older && kind_family(kind) == kind_family(older) ? older : kind;
}

/* Answers with an object as it is stored. */
static void reply_object(struct kube_call *call, int status, const json_t *stored)
{
    json_auto_t *object = kube_object_as(stored, call->kind);
    if (!kube_wants_table(call->exchange)) {
        http_reply_json(call->exchange, status, json_incref(object));
        return;
    }
    json_auto_t *one = json_pack("[O]", stored);
    const struct kind *columns = kube_columns(call->kind, one);
    json_auto_t *shown = json_pack("[o]", kube_object_as(stored, columns));
    OWN(free) char *include = kube_include(call->exchange);
    http_reply_json(call->exchange, status, kube_table(columns, shown, include, time_now_ns()));
}

/* ---- reading --------------------------------------------------------------------------------- */

bool kube_selector(struct kube_call *call, struct selector *selector)
{
    OWN(free) char *labels = query_get(call->exchange->query, "labelSelector");
    OWN(free) char *fields = query_get(call->exchange->query, "fieldSelector");
    struct err err = {0};
    if (selector_parse(labels, fields, selector, &err))
        return true;
    refuse(call, &err);
    return false;
}

bool kube_selected(const struct kind *kind, const struct selector *selector, const json_t *object)
{
    if (!object || !selector_matches(selector, object))
        return false;
    if (kind != &kind_pod || selector->label_count || selector->field_count)
        return true;
    const char *phase =
        json_string_value(json_object_get(json_object_get(object, "status"), "phase"));
    return !str_equal(phase, "Succeeded") && !str_equal(phase, "Failed");
}

void kube_get(struct kube_call *call)
{
    struct object_key key = kube_key(call);
    json_auto_t *stored = objects_get(call->kube->options.objects, &key);
    if (stored) {
        reply_object(call, 200, stored);
        return;
    }
    struct err err = {0};
    err_set(&err, ERR_NOT_FOUND, "%s%s%s \"%s\" not found", call->kind->plural,
            *call->kind->group ? "." : "", call->kind->group, call->path.name);
    refuse(call, &err);
}

static json_t *selected(const struct kind *kind, const struct selector *selector, const json_t *all)
{
    json_t *list = json_array();
    size_t index;
    json_t *object;
    json_array_foreach(all, index, object)
    {
        if (kube_selected(kind, selector, object))
            json_array_append(list, object);
    }
    return list;
}

static json_t *converted(const json_t *stored, const struct kind *kind)
{
    json_t *list = json_array();
    size_t index;
    json_t *object;
    json_array_foreach(stored, index, object)
    {
        json_array_append_new(list, kube_object_as(object, kind));
    }
    return list;
}

static json_t *list_or_table(struct kube_call *call, const json_t *stored)
{
    if (kube_wants_table(call->exchange)) {
        const struct kind *columns = kube_columns(call->kind, stored);
        json_auto_t *shown = converted(stored, columns);
        OWN(free) char *include = kube_include(call->exchange);
        return kube_table(columns, shown, include, time_now_ns());
    }
    OWN(free) char *list_kind = str_format("%sList", call->kind->name);
    OWN(free) char *api_version = kind_api_version(call->kind);
    return json_pack("{s:s, s:s, s:{}, s:o}", "kind", list_kind, "apiVersion", api_version,
                     "metadata", "items", converted(stored, call->kind));
}

void kube_list(struct kube_call *call)
{
    OWN(selector) struct selector selector = {0};
    if (!kube_selector(call, &selector))
        return;
    uint64_t version = 0;
    json_auto_t *all =
        objects_list(call->kube->options.objects, call->kind, call->path.ns, &version);
    json_auto_t *stored = selected(call->kind, &selector, all);
    json_t *answer = list_or_table(call, stored);
    OWN(free) char *text = str_format("%" PRIu64, version);
    json_object_set_new(json_object_get(answer, "metadata"), "resourceVersion", json_string(text));
    http_reply_json(call->exchange, 200, answer);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static json_t *yaml_body(const struct http_exchange *exchange, struct err *err)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    if (!yaml_read(buf_bytes(&exchange->body), "request body", &docs, err))
        return NULL;
    if (docs.count == 1)
        return json_incref(docs.list[0].tree);
    err_set(err, ERR_INPUT, "request body: want one document");
    return NULL;
}

static json_t *read_body(const struct http_exchange *exchange, struct err *err)
{
    OWN(free) char *type = media_type(headers_get(&exchange->headers, "Content-Type"));
    if (str_ends(type, "yaml"))
        return yaml_body(exchange, err);
    if (str_equal(type, "application/vnd.kubernetes.protobuf"))
        return kube_from_protobuf(buf_bytes(&exchange->body), err);
    if (!str_ends(type, "json") && *type) {
        err_set(err, ERR_FORMAT, "the body is %s, want application/json", type);
        return NULL;
    }
    return json_from_bytes(buf_bytes(&exchange->body), "request body", ERR_INPUT, err);
}

/* Sets the namespace that the path says, or complains about another. */
static bool place(const struct kube_call *call, json_t *object, struct err *err)
{
    json_t *meta = json_object_get(object, "metadata");
    if (!json_is_object(meta) || call->kind->cluster_wide)
        return true;
    const char *ns = object_ns(object);
    if (*ns && !str_equal(ns, call->path.ns))
        return err_set(err, ERR_INPUT,
                       "the namespace of the provided object does not match the namespace sent on "
                       "the request");
    json_object_set_new(meta, "namespace", json_string(call->path.ns));
    return true;
}

static void generate_name(json_t *object)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    const char *prefix = object_meta(object, "generateName");
    if (*object_name(object) || !*prefix)
        return;
    char tail[6] = {0};
    for (size_t i = 0; i < 5; i++)
        tail[i] = letters[random_below(sizeof(letters) - 1)];
    OWN(free) char *name = str_format("%.200s%s", prefix, tail);
    json_object_set_new(json_object_get(object, "metadata"), "name", json_string(name));
}

static bool right_kind(const struct kube_call *call, const json_t *object, struct err *err)
{
    struct err unknown = {0};
    if (!json_is_object(object))
        return err_set(err, ERR_INPUT, "request body: want an object");
    const struct kind *kind = kind_of_object(object, &unknown);
    return kind == call->kind ||
           err_set(err, ERR_INPUT,
                   "the object provided is unrecognized or is no %s of this version: %s",
                   call->kind->name, kind ? kind->name : unknown.text);
}

static bool namespace_known(const struct kube_call *call, struct err *err)
{
    if (!call->path.ns)
        return true;
    struct object_key key = {&kind_namespace, "", call->path.ns};
    json_auto_t *known = objects_get(call->kube->options.objects, &key);
    return known || err_set(err, ERR_NOT_FOUND, "namespaces \"%s\" not found", call->path.ns);
}

/* Checks an object that is to be stored; answers and returns false when it cannot be. */
static bool admitted(struct kube_call *call, json_t *object, const json_t *old)
{
    struct err err = {0};
    if (!right_kind(call, object, &err) || !place(call, object, &err) ||
        !namespace_known(call, &err)) {
        refuse(call, &err);
        return false;
    }
    generate_name(object);
    struct problem problem = {0};
    bool lenient = kube_query_is(call->exchange, "fieldValidation", "Ignore");
    if (admit(call->kind, object, old, lenient, &problem))
        return true;
    kube_reply_problem(call->exchange, &problem, call->kind, object_name(object));
    return false;
}

static bool is_dry_run(const struct kube_call *call)
{
    return kube_query_is(call->exchange, "dryRun", "All");
}

/* ---- writing --------------------------------------------------------------------------------- */

/* A store of its own for a dry run: what would be stored, without storing it. */
static json_t *write_dry(const struct object_key *key, const json_t *old, json_t *object,
                         struct err *err)
{
    OWN(objects) struct objects *apart = objects_open(NULL, err);
    if (!apart)
        return NULL;
    if (!old)
        return objects_create_new(apart, key, object, err);
    json_decref(objects_create_new(apart, key, json_deep_copy(old), err));
    json_object_del(json_object_get(object, "metadata"), "resourceVersion");
    json_t *result = objects_update_new(apart, key, object, err);
    json_object_set(json_object_get(result, "metadata"), "resourceVersion",
                    json_object_get(json_object_get(old, "metadata"), "resourceVersion"));
    return result;
}

/* Stores an admitted object and answers; takes it over. old is the stored state, NULL: create. */
static void store(struct kube_call *call, json_t *object, const json_t *old)
{
    OWN(free) char *name = str_copy(object_name(object));
    struct object_key key = kube_key(call);
    key.name = name;
    struct err err = {0};
    struct objects *objects = call->kube->options.objects;
    json_auto_t *stored = NULL;
    if (is_dry_run(call))
        stored = write_dry(&key, old, object, &err);
    else if (old)
        stored = objects_update_new(objects, &key, object, &err);
    else
        stored = objects_create_new(objects, &key, object, &err);
    if (stored)
        reply_object(call, old ? 200 : 201, stored);
    else
        kube_reply_err(call->exchange, &err, call->kind, name);
}

void kube_create(struct kube_call *call)
{
    struct err err = {0};
    json_auto_t *object = read_body(call->exchange, &err);
    if (!object) {
        refuse(call, &err);
        return;
    }
    if (!admitted(call, object, NULL))
        return;
    if (!call->kind->plain)
        json_object_del(object, "status");
    store(call, give(&object), NULL);
}

/* The stored object that the path names, or NULL after answering that there is none. */
static json_t *existing(struct kube_call *call)
{
    struct object_key key = kube_key(call);
    json_t *stored = objects_get(call->kube->options.objects, &key);
    if (!stored)
        kube_get(call); /* says not found */
    return stored;
}

/* Stores the next state of an existing object and answers. next is taken over; it may share parts
 * with the stored tree, which must not change. */
static void store_next(struct kube_call *call, json_t *next, const json_t *stored)
{
    json_auto_t *object = json_deep_copy(next);
    json_decref(next);
    json_auto_t *before = kube_object_as(stored, call->kind);
    if (!admitted(call, object, before))
        return;
    if (!str_equal(object_name(object), call->path.name)) {
        struct err err = {0};
        err_set(&err, ERR_INPUT,
                "the name of the object (%.100s) does not match the name on the "
                "URL (%.100s)",
                object_name(object), call->path.name);
        refuse(call, &err);
        return;
    }
    store(call, give(&object), stored);
}

void kube_replace(struct kube_call *call)
{
    struct err err = {0};
    json_auto_t *object = read_body(call->exchange, &err);
    if (!object) {
        refuse(call, &err);
        return;
    }
    json_auto_t *stored = existing(call);
    if (stored)
        store_next(call, give(&object), stored);
}

/* ---- patching -------------------------------------------------------------------------------- */

static json_t *patched(const struct kube_call *call, const char *type, const json_t *before,
                       const json_t *patch, struct err *err)
{
    if (str_equal(type, "application/merge-patch+json"))
        return patch_merge(before, patch);
    if (str_equal(type, "application/json-patch+json"))
        return patch_json(before, patch, err);
    if (str_equal(type, "application/strategic-merge-patch+json") && call->kind->plain)
        return patch_strategic(before, patch, err);
    err_set(err, ERR_FORMAT,
            "the body of the request was in an unknown format - accepted media "
            "types include: application/json-patch+json, application/merge-patch+json, "
            "application/apply-patch+yaml");
    return NULL;
}

/* Server-side apply: also creates. */
static void apply(struct kube_call *call, const json_t *wish)
{
    struct err err = {0};
    struct object_key key = kube_key(call);
    json_auto_t *stored = objects_get(call->kube->options.objects, &key);
    json_auto_t *before = stored ? kube_object_as(stored, call->kind) : NULL;
    OWN(free) char *manager = query_get(call->exchange->query, "fieldManager");
    bool force = kube_query_true(call->exchange, "force");
    json_t *next = kube_apply(before, wish, manager ? manager : "", force, &err);
    if (!next)
        refuse(call, &err);
    else if (stored)
        store_next(call, next, stored);
    else if (admitted(call, next, NULL))
        store(call, next, NULL);
    else
        json_decref(next);
}

void kube_patch(struct kube_call *call)
{
    struct err err = {0};
    OWN(free) char *type = media_type(headers_get(&call->exchange->headers, "Content-Type"));
    json_auto_t *patch = read_body(call->exchange, &err);
    if (!patch) {
        refuse(call, &err);
        return;
    }
    if (str_equal(type, "application/apply-patch+yaml")) {
        apply(call, patch);
        return;
    }
    json_auto_t *stored = existing(call);
    if (!stored)
        return;
    json_auto_t *before = kube_object_as(stored, call->kind);
    json_t *next = patched(call, type, before, patch, &err);
    if (next)
        store_next(call, next, stored);
    else
        refuse(call, &err);
}

/* ---- deleting -------------------------------------------------------------------------------- */

static void delete_within(struct objects *objects, const char *ns)
{
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (all[i]->cluster_wide || all[i]->today)
            continue;
        json_auto_t *list = objects_list(objects, all[i], ns, NULL);
        size_t index;
        json_t *object;
        json_array_foreach(list, index, object)
        {
            struct err err = {0};
            struct object_key key = object_key_of(all[i], object);
            json_decref(objects_delete(objects, &key, &err));
        }
    }
}

static json_t *delete_object(struct kube_call *call, const char *ns, const char *name,
                             struct err *err)
{
    struct kube_options *options = &call->kube->options;
    struct object_key key = {call->kind, ns, name};
    if (is_dry_run(call))
        return objects_get(options->objects, &key);
    if (call->kind == &kind_pod)
        runtime_delete_pod(options->runtime, ns, name);
    json_t *last = objects_delete(options->objects, &key, err);
    if (last && call->kind == &kind_namespace)
        delete_within(options->objects, name);
    return last;
}

void kube_delete(struct kube_call *call)
{
    json_auto_t *stored = existing(call);
    if (!stored)
        return;
    struct err err = {0};
    struct object_key key = kube_key(call);
    json_auto_t *last = delete_object(call, key.ns, key.name, &err);
    if (!last) {
        refuse(call, &err);
        return;
    }
    http_reply_json(call->exchange, 200,
                    json_pack("{s:s, s:s, s:{}, s:s, s:{s:s, s:s, s:s, s:s}}", "kind", "Status",
                              "apiVersion", "v1", "metadata", "status", "Success", "details",
                              "name", key.name, "group", call->kind->group, "kind",
                              call->kind->plural, "uid", object_uid(last)));
}

void kube_delete_all(struct kube_call *call)
{
    OWN(selector) struct selector selector = {0};
    if (!kube_selector(call, &selector))
        return;
    json_auto_t *all = objects_list(call->kube->options.objects, call->kind, call->path.ns, NULL);
    json_auto_t *stored = selected(call->kind, &selector, all);
    size_t index;
    json_t *object;
    json_array_foreach(stored, index, object)
    {
        struct err err = {0};
        json_decref(delete_object(call, object_ns(object), object_name(object), &err));
    }
    http_reply_json(call->exchange, 200, list_or_table(call, stored));
}
