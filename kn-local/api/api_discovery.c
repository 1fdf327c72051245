/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery: versions, groups, resources, and just enough OpenAPI that kubectl leaves the
 * validation of fields to the server. */
#include "base/str.h"
#include "kn-local/api/api_private.h"

#include <string.h>

static json_t *strings(const char *const *list)
{
    json_t *array = json_array();
    for (; list && *list; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

static json_t *group_version(const struct kind *kind)
{
    OWN(free) char *api_version = kind_api_version(kind);
    return json_pack("{s:s, s:s}", "groupVersion", api_version, "version", kind->version);
}

/* Whether an earlier kind has the same group (and version). */
static bool seen(const struct kind *const *all, size_t index, bool with_version)
{
    for (size_t i = 0; i < index; i++)
        if (str_equal(all[i]->group, all[index]->group) &&
            (!with_version || str_equal(all[i]->version, all[index]->version)))
            return true;
    return false;
}

static json_t *group(const char *name)
{
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    json_t *versions = json_array();
    for (size_t i = 0; i < count; i++)
        if (str_equal(all[i]->group, name) && !seen(all, i, true))
            json_array_append_new(versions, group_version(all[i]));
    return json_pack("{s:s, s:O, s:o}", "name", name, "preferredVersion",
                     json_array_get(versions, 0), "versions", versions);
}

static json_t *groups(void)
{
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (*all[i]->group && !seen(all, i, false))
            json_array_append_new(list, group(all[i]->group));
    return json_pack("{s:s, s:s, s:o}", "kind", "APIGroupList", "apiVersion", "v1", "groups", list);
}

static json_t *core_versions(void)
{
    return json_pack("{s:s, s:[s], s:[]}", "kind", "APIVersions", "versions", "v1",
                     "serverAddressByClientCIDRs");
}

static json_t *version(void)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "major", "1", "minor", "32", "gitVersion",
                     "v1.32.0+kn-local-" VERSION, "platform", "linux/amd64", "compiler", "gcc");
}

static const char *const all_verbs[] = {
    "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch", NULL};

static json_t *resource(const struct kind *kind)
{
    return json_pack("{s:s, s:s, s:b, s:s, s:o, s:o, s:o}", "name", kind->plural, "singularName",
                     kind->singular, "namespaced", !kind->cluster_wide, "kind", kind->name, "verbs",
                     strings(all_verbs), "shortNames", strings(kind->short_names), "categories",
                     strings(kind->categories));
}

static json_t *resources(const char *group_name, const char *version_name)
{
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    json_auto_t *list = json_array();
    OWN(free) char *api_version = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(all[i]->group, group_name) || !str_equal(all[i]->version, version_name))
            continue;
        json_array_append_new(list, resource(all[i]));
        if (!api_version)
            api_version = kind_api_version(all[i]);
        if (str_equal(all[i]->plural, "pods"))
            json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:s, s:[s]}", "name", "pods/log",
                                                  "singularName", "", "namespaced", 1, "kind",
                                                  "Pod", "verbs", "get"));
    }
    if (!api_version)
        return NULL;
    return json_pack("{s:s, s:s, s:s, s:O}", "kind", "APIResourceList", "apiVersion", "v1",
                     "groupVersion", api_version, "resources", list);
}

static char *page_of(const struct kind *kind)
{
    return *kind->group ? str_format("apis/%s/%s", kind->group, kind->version)
                        : str_format("api/%s", kind->version);
}

static json_t *openapi_index(void)
{
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    json_t *paths = json_object();
    for (size_t i = 0; i < count; i++) {
        OWN(free) char *page = page_of(all[i]);
        OWN(free) char *url = str_format("/openapi/v3/%s?hash=%s", page, VERSION);
        json_object_set_new(paths, page, json_pack("{s:s}", "serverRelativeURL", url));
    }
    return json_pack("{s:o}", "paths", paths);
}

static void add_openapi_path(json_t *paths, const struct kind *kind, const char *page)
{
    static const char *const methods[] = {"post", "put", "patch"};
    OWN(free) char *path = str_format(
        "/%s/%s%s/{name}", page, kind->cluster_wide ? "" : "namespaces/{namespace}/", kind->plural);
    json_t *item = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        json_object_set_new(item, methods[i],
                            json_pack("{s:[{s:s, s:s, s:{s:s}}, {s:s, s:s, s:{s:s}}], s:{}, "
                                      "s:{s:s, s:s, s:s}}",
                                      "parameters", "name", "fieldValidation", "in", "query",
                                      "schema", "type", "string", "name", "dryRun", "in", "query",
                                      "schema", "type", "string", "responses",
                                      "x-kubernetes-group-version-kind", "group", kind->group,
                                      "version", kind->version, "kind", kind->name));
    json_object_set_new(paths, path, item);
}

static json_t *openapi_page(const char *name)
{
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    json_auto_t *paths = json_object();
    for (size_t i = 0; i < count; i++) {
        OWN(free) char *page = page_of(all[i]);
        if (str_equal(page, name))
            add_openapi_path(paths, all[i], page);
    }
    if (json_object_size(paths) == 0)
        return NULL;
    return json_pack("{s:s, s:{s:s, s:s}, s:O, s:{s:{}}}", "openapi", "3.0.0", "info", "title",
                     "kn-local", "version", VERSION, "paths", paths, "components", "schemas");
}

/* kubectl 1.20 asks for this document in protobuf; an empty one is valid. */
static void reply_openapi_v2(struct http_exchange *exchange)
{
    struct http_reply reply = {.content_type =
                                   "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"};
    http_exchange_reply(exchange, &reply);
}

static json_t *page_at(const struct api_request_path *path)
{
    return path->plural ? NULL : resources(path->group, path->version);
}

static json_t *document(const char *path)
{
    static const char v3[] = "/openapi/v3/";
    static const char apis[] = "/apis/";
    if (str_equal(path, "/version"))
        return version();
    if (str_equal(path, "/api"))
        return core_versions();
    if (str_equal(path, "/apis"))
        return groups();
    if (str_equal(path, "/openapi/v3"))
        return openapi_index();
    if (str_starts(path, v3))
        return openapi_page(path + strlen(v3));
    if (str_starts(path, apis) && !strchr(path + strlen(apis), '/')) {
        json_t *found = group(path + strlen(apis));
        json_object_set_new(found, "kind", json_string("APIGroup"));
        json_object_set_new(found, "apiVersion", json_string("v1"));
        return found;
    }
    OWN(api_request_path) struct api_request_path parsed = {0};
    return api_request_path_parse(path, &parsed) ? page_at(&parsed) : NULL;
}

bool api_discover(struct http_exchange *exchange)
{
    if (!str_equal(exchange->method, "GET"))
        return false;
    if (str_equal(exchange->path, "/openapi/v2")) {
        reply_openapi_v2(exchange);
        return true;
    }
    if (str_equal(exchange->path, "/healthz") || str_equal(exchange->path, "/readyz") ||
        str_equal(exchange->path, "/livez")) {
        http_exchange_reply_text(exchange, 200, "ok");
        return true;
    }
    json_t *answer = document(exchange->path);
    if (!answer)
        return false;
    http_exchange_reply_json(exchange, 200, answer);
    return true;
}
