/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request to the Kubernetes API: read in its format, put into place, checked. */
#include "base/json/jread.h"
#include "base/random.h"
#include "base/str.h"
#include "base/yaml/yaml.h"
#include "kn-local/api/api_private.h"
#include "kn-local/api/protobuf.h"
#include "kn-local/kinds/kinds.h"
#include "kn-local/store/admission.h"

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

json_t *api_body_parse(const struct http_exchange *exchange, struct err *err)
{
    OWN(free) char *type = headers_media_type(headers_get(&exchange->headers, "Content-Type"));
    if (str_ends(type, "yaml"))
        return yaml_body(exchange, err);
    if (str_equal(type, "application/vnd.kubernetes.protobuf"))
        return protobuf_decode(buf_bytes(&exchange->body), err);
    if (!str_ends(type, "json") && *type) {
        err_set(err, ERR_FORMAT, "the body is %s, want application/json", type);
        return NULL;
    }
    return json_from_bytes(buf_bytes(&exchange->body), "request body", ERR_INPUT, err);
}

/* Sets the namespace that the path says, or complains about another. */
static bool place(const struct api_request *call, json_t *object, struct err *err)
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

static bool right_kind(const struct api_request *call, const json_t *object, struct err *err)
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

static bool namespace_known(const struct api_request *call, struct err *err)
{
    if (!call->path.ns)
        return true;
    struct object_key key = {&kind_namespace, "", call->path.ns};
    json_auto_t *known = object_store_get(call->kube->options.objects, &key);
    return known || err_set(err, ERR_NOT_FOUND, "namespaces \"%s\" not found", call->path.ns);
}

/* Checks an object that is to be stored; answers and returns false when it cannot be. */
bool api_body_admit(struct api_request *call, json_t *object, const json_t *old)
{
    struct err err = {0};
    if (!right_kind(call, object, &err) || !place(call, object, &err) ||
        !namespace_known(call, &err)) {
        api_request_fail(call, &err);
        return false;
    }
    generate_name(object);
    struct validation_error problem = {0};
    bool lenient = api_query_equals(call->exchange, "fieldValidation", "Ignore");
    if (admission_prepare(call->kind, object, old, lenient, &problem))
        return true;
    api_reply_validation_error(call->exchange, &problem, call->kind, object_name(object));
    return false;
}
