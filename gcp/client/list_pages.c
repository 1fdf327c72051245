/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that come in pages. */
#include "base/str.h"
#include "gcp/client/client.h"
#include "net/url.h"

#include <string.h>

enum { MOST_PAGES = 10000 };

/* The target of the page behind a token. */
static char *page_target(const char *target, const char *token)
{
    if (str_empty(token))
        return str_copy(target);
    OWN(free) char *encoded = url_encode_text(token);
    return str_format("%s%cpageToken=%s", target, strchr(target, '?') ? '&' : '?', encoded);
}

/* One page; *token becomes that of the next, NULL after the last. */
static bool take_one(struct gcp *gcp, enum gcp_api_index api, const char *target, char **token,
                     list_pages_handler *take, void *to, struct err *err)
{
    OWN(free) char *where = page_target(target, *token);
    struct google_call call = {.api = api, .target = where};
    json_auto_t *reply = google_call_json(gcp, &call, err);
    if (!reply)
        return false;
    struct jread page = jread_open(reply, "list", ERR_UPSTREAM, err);
    if (!take(&page, to) || !jread_ok(&page))
        return false;
    const char *next = jread_str_or(&page, "nextPageToken", NULL);
    str_replace(token, str_empty(next) ? NULL : str_copy(next));
    return jread_ok(&page);
}

bool list_pages(struct gcp *gcp, enum gcp_api_index api, const char *target,
                list_pages_handler *take, void *to, struct err *err)
{
    OWN(free) char *token = NULL;
    for (int i = 0; i < MOST_PAGES; i++) {
        if (!take_one(gcp, api, target, &token, take, to, err))
            return false;
        if (!token)
            return true;
    }
    return err_set(err, ERR_UPSTREAM, "a list has over %d pages", MOST_PAGES);
}
