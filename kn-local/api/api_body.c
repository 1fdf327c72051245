/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request: parsed in its format, completed and checked. */
#include "base/json/jread.h"
#include "base/random.h"
#include "base/str.h"
#include "base/yaml/yaml.h"
#include "kn-local/api/api_private.h"
#include "kn-local/api/protobuf.h"
#include "kn-local/kinds/kinds.h"
#include "kn-local/store/admission.h"

static json_t *parse(const struct http_exchange *exchange, struct err *err)
{
    OWN(free) char *type = headers_media_type(headers_get(&exchange->headers, "Content-Type"));
    if (str_ends(type, "yaml")) {
        OWN(yaml_docs) struct yaml_docs docs = {0};
        if (!yaml_read(buf_bytes(&exchange->body), "request body", &docs, err))
            return NULL;
        if (docs.count == 1)
            return json_incref(docs.list[0].tree);
        err_set(err, ERR_INPUT, "request body: must be one document");
        return NULL;
    }
    if (str_equal(type, "application/vnd.kubernetes.protobuf"))
        return protobuf_decode(buf_bytes(&exchange->body), err);
    if (!str_ends(type, "json") && *type) {
        err_set(err, ERR_FORMAT, "the body is %s; send application/json", type);
        return NULL;
    }
    return json_from_bytes(buf_bytes(&exchange->body), "request body", ERR_INPUT, err);
}

json_t *api_body_read(struct api_request *request)
{
    struct err err = {0};
    json_t *tree = parse(request->exchange, &err);
    if (!tree)
        api_reply_error(request, &err);
    return tree;
}

/* Sets the namespace of the path; fails when the object names another one. */
static bool set_namespace(const struct api_request *request, json_t *object, struct err *err)
{
    json_t *meta = json_object_get(object, "metadata");
    if (!json_is_object(meta) || request->kind->cluster_wide)
        return true;
    const char *ns = object_ns(object);
    if (*ns && !str_equal(ns, request->path.ns))
        return err_set(err, ERR_INPUT,
                       "the namespace of the provided object does not match the namespace sent on "
                       "the request");
    json_object_set_new(meta, "namespace", json_string(request->path.ns));
    return true;
}

static void generate_name(json_t *object)
{
    const char *prefix = object_meta(object, "generateName");
    if (*object_name(object) || !*prefix)
        return;
    char suffix[NAME_SUFFIX_SIZE];
    random_name_suffix(suffix);
    OWN(free) char *name = str_format("%.200s%s", prefix, suffix);
    json_object_set_new(json_object_get(object, "metadata"), "name", json_string(name));
}

static bool check_kind(const struct api_request *request, const json_t *object, struct err *err)
{
    struct err unknown = {0};
    if (!json_is_object(object))
        return err_set(err, ERR_INPUT, "request body: must be an object");
    const struct kind *kind = kind_of_object(object, &unknown);
    return kind == request->kind ||
           err_set(err, ERR_INPUT,
                   "the object provided is unrecognized or is not a %s of this version: %s",
                   request->kind->name, kind ? kind->name : unknown.text);
}

bool api_body_admit(struct api_request *request, json_t *object, const json_t *old)
{
    struct err err = {0};
    bool ok = check_kind(request, object, &err) && set_namespace(request, object, &err);
    if (ok && request->path.ns) {
        struct object_key key = {&kind_namespace, "", request->path.ns};
        json_auto_t *ns = object_store_get(request->server->options.objects, &key);
        ok = ns || err_set(&err, ERR_NOT_FOUND, "namespaces \"%s\" not found", request->path.ns);
    }
    if (!ok) {
        api_reply_error(request, &err);
        return false;
    }
    generate_name(object);
    struct validation_error problem = {0};
    bool lenient = api_query_equals(request->exchange, "fieldValidation", "Ignore");
    if (admission_prepare(request->kind, object, old, lenient, &problem))
        return true;
    api_reply_validation_error(request, object_name(object), &problem);
    return false;
}
