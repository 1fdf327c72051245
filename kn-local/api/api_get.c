/* SPDX-License-Identifier: Apache-2.0 */
/* GET of one object. */
#include "kn-local/api/api_private.h"

json_t *api_existing_object(struct api_request *request)
{
    struct object_key key = api_request_key(request);
    json_t *stored = object_store_get(request->server->options.objects, &key);
    if (stored)
        return stored;
    struct err err = {0};
    err_set(&err, ERR_NOT_FOUND, "%s%s%s \"%s\" not found", key.kind->plural,
            *key.kind->group ? "." : "", key.kind->group, key.name);
    api_reply_error(request, &err);
    return NULL;
}

void api_get(struct api_request *request)
{
    json_auto_t *stored = api_existing_object(request);
    if (stored)
        api_reply_object(request, 200, stored);
}
