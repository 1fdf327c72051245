/* SPDX-License-Identifier: Apache-2.0 */
/* PATCH of an object: the type of the body says which kind of patch it is. */
#include "base/str.h"
#include "kn-local/api/api_private.h"
#include "kn-local/api/json_patch.h"
#include "kn-local/api/merge_patch.h"

static json_t *patched(const struct kind *kind, const char *type, const json_t *before,
                       const json_t *patch, struct err *err)
{
    if (str_equal(type, "application/merge-patch+json"))
        return merge_patch_apply(before, patch);
    if (str_equal(type, "application/json-patch+json")) {
        json_t *result = json_patch_apply(before, patch, err);
        if (!result)
            err_wrap(err, "the server rejected our request");
        return result;
    }
    if (str_equal(type, "application/strategic-merge-patch+json") && kind->builtin)
        return merge_patch_apply_strategic(before, patch, err);
    err_set(err, ERR_FORMAT,
            "the body of the request was in an unknown format - accepted media "
            "types include: application/json-patch+json, application/merge-patch+json, "
            "application/apply-patch+yaml");
    return NULL;
}

void api_patch(struct api_request *request)
{
    struct err err = {0};
    OWN(free) char *type =
        headers_media_type(headers_get(&request->exchange->headers, "Content-Type"));
    json_auto_t *patch = api_body_read(request);
    if (!patch)
        return;
    if (str_equal(type, "application/apply-patch+yaml")) {
        api_apply(request, patch);
        return;
    }
    json_auto_t *stored = api_existing_object(request);
    if (!stored)
        return;
    json_auto_t *before = api_object_as(stored, request->kind);
    json_t *next = patched(request->kind, type, before, patch, &err);
    if (next)
        api_store_next_new(request, next, stored);
    else
        api_reply_error(request, &err);
}
