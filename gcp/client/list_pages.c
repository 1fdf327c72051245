/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that are returned in pages. */
#include "base/str.h"
#include "gcp/client/client.h"
#include "net/url.h"

#include <string.h>

enum { MAX_PAGES = 10000 };

static char *page_target(const char *target, const char *token)
{
    if (str_empty(token))
        return str_copy(target);
    OWN(free) char *encoded = url_encode_text(token);
    return str_format("%s%cpageToken=%s", target, strchr(target, '?') ? '&' : '?', encoded);
}

/* Reads one page; *token becomes that of the next page, NULL after the last. */
static bool read_page(struct gcp *gcp, enum gcp_api_index api, const char *target, char **token,
                      list_pages_handler *handle_page, void *context, struct err *err)
{
    OWN(free) char *page_url = page_target(target, *token);
    struct google_call call = {.api = api, .target = page_url};
    json_auto_t *reply = google_call_json(gcp, &call, err);
    if (!reply)
        return false;
    struct jread page = jread_open(reply, "list", ERR_UPSTREAM, err);
    if (!handle_page(&page, context) || !jread_ok(&page))
        return false;
    const char *next = jread_str_or(&page, "nextPageToken", NULL);
    str_replace(token, str_empty(next) ? NULL : str_copy(next));
    return jread_ok(&page);
}

bool list_pages(struct gcp *gcp, enum gcp_api_index api, const char *target,
                list_pages_handler *handle_page, void *context, struct err *err)
{
    OWN(free) char *token = NULL;
    for (int i = 0; i < MAX_PAGES; i++) {
        if (!read_page(gcp, api, target, &token, handle_page, context, err))
            return false;
        if (!token)
            return true;
    }
    return err_set(err, ERR_UPSTREAM, "a list has over %d pages", MAX_PAGES);
}

struct names_context {
    const char *key;
    struct gcp_names *names;
};

static bool read_names(struct jread *page, void *context)
{
    const struct names_context *names = context;
    struct jread list = jread_list_or_empty(page, names->key);
    for (size_t i = 0; i < jread_count(&list); i++) {
        struct jread item = jread_item(&list, i);
        gcp_names_add(names->names, jread_str(&item, "name"));
    }
    return jread_ok(page);
}

bool list_pages_names(struct gcp *gcp, enum gcp_api_index api, const char *target, const char *key,
                      struct gcp_names *names, struct err *err)
{
    struct names_context context = {key, names};
    return list_pages(gcp, api, target, read_names, &context, err);
}
