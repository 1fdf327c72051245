/* SPDX-License-Identifier: Apache-2.0 */
/* GET of a collection: the objects that the selectors of the query match. */
#include "base/json/json_at.h"
#include "base/str.h"
#include "kn-local/api/api_private.h"
#include "net/url.h"

#include <inttypes.h>

bool api_read_selector(struct api_request *request, struct selector *selector)
{
    OWN(free) char *labels = url_query_get(request->exchange->query, "labelSelector");
    OWN(free) char *fields = url_query_get(request->exchange->query, "fieldSelector");
    struct err err = {0};
    if (selector_parse(labels, fields, selector, &err))
        return true;
    api_reply_error(request, &err);
    return false;
}

bool api_is_selected(const struct kind *kind, const struct selector *selector, const json_t *object)
{
    if (!object || !selector_matches(selector, object))
        return false;
    if (kind != &kind_pod || selector->label_count || selector->field_count)
        return true;
    const char *phase = json_text_at(object, "status.phase");
    return !str_equal(phase, "Succeeded") && !str_equal(phase, "Failed");
}

json_t *api_filter_list(const struct kind *kind, const struct selector *selector,
                        const json_t *list)
{
    json_t *selected = json_array();
    size_t index;
    json_t *object;
    json_array_foreach(list, index, object)
    {
        if (api_is_selected(kind, selector, object))
            json_array_append(selected, object);
    }
    return selected;
}

void api_list(struct api_request *request)
{
    OWN(selector) struct selector selector = {0};
    if (!api_read_selector(request, &selector))
        return;
    uint64_t version = 0;
    json_auto_t *all = object_store_list(request->server->options.objects, request->kind,
                                         request->path.ns, &version);
    json_auto_t *stored = api_filter_list(request->kind, &selector, all);
    json_t *list = api_list_or_table(request, stored);
    OWN(free) char *text = str_format("%" PRIu64, version);
    json_object_set_new(json_object_get(list, "metadata"), "resourceVersion", json_string(text));
    http_exchange_reply_json(request->exchange, 200, list);
}
