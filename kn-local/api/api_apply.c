/* SPDX-License-Identifier: Apache-2.0 */
/* Server-side apply: PATCH with the configuration that a field manager applies. */
#include "base/str.h"
#include "kn-local/api/api_private.h"
#include "kn-local/api/managed_fields.h"
#include "net/url.h"

void api_apply(struct api_request *request, const json_t *applied)
{
    struct err err = {0};
    struct object_key key = api_request_key(request);
    json_auto_t *stored = object_store_get(request->server->options.objects, &key);
    json_auto_t *before = stored ? api_object_as(stored, request->kind) : NULL;
    OWN(free) char *manager = url_query_get(request->exchange->query, "fieldManager");
    bool force = api_query_is_true(request->exchange, "force");
    json_auto_t *next = managed_fields_apply(before, applied, manager ? manager : "", force, &err);
    if (!next)
        api_reply_error(request, &err);
    else if (stored)
        api_store_next_new(request, move_ptr(&next), stored);
    else if (api_body_admit(request, next, NULL))
        api_store_new(request, move_ptr(&next), NULL);
}
