/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of objects: by prefix, folded at a delimiter, page by page. */
#include "gcp-local/storage/rest/rest_list.h"

#include "base/base64.h"
#include "base/str.h"
#include "gcp-local/storage/rest/glob.h"

#include <string.h>

enum { MAX_RESULTS = 1000 };

/* Sorts behind every UTF-8 text that begins alike. */
#define LAST_OF_PREFIX "\xFF"

/* What is asked for; all owned. */
struct asked {
    char *prefix, *delimiter, *start, *end, *glob, *token;
    int64_t most;
    bool versions, trailing;
};

static void own_asked(struct asked *local)
{
    free(local->prefix);
    free(local->delimiter);
    free(local->start);
    free(local->end);
    free(local->glob);
    free(local->token);
}

static bool read_asked(const struct storage_request *request, struct asked *asked, struct err *err)
{
    asked->prefix = storage_request_query(request, "prefix");
    asked->delimiter = storage_request_query(request, "delimiter");
    asked->start = storage_request_query(request, "startOffset");
    asked->end = storage_request_query(request, "endOffset");
    asked->glob = storage_request_query(request, "matchGlob");
    asked->token = storage_request_query(request, "pageToken");
    asked->versions = storage_request_flag(request, "versions");
    asked->trailing = storage_request_flag(request, "includeTrailingDelimiter");
    if (!asked->prefix)
        asked->prefix = str_copy("");
    if (!storage_request_number(request, "maxResults", MAX_RESULTS, &asked->most, err))
        return false;
    if (asked->most == 0 || asked->most > MAX_RESULTS)
        asked->most = MAX_RESULTS;
    return true;
}

/* A page being filled. */
struct page {
    const struct asked *asked;
    const char *base;
    json_t *items, *prefixes;
    char *last; /* name or prefix of the last result */
    int64_t last_generation;
    bool full;
};

static void own_page(struct page *local)
{
    json_decref(local->items);
    json_decref(local->prefixes);
    free(local->last);
}

static char *token_of(const struct page *page)
{
    OWN(free) char *text = str_format("%lld %s", (long long)page->last_generation, page->last);
    return base64_encode(bytes_of(text));
}

static bool seek_token(struct catalog_walk *walk, const char *token, struct err *err)
{
    OWN(buf) struct buf text = {0};
    int64_t generation = 0;
    char *space =
        base64_decode(bytes_of(token), &text) && text.data ? strchr(text.data, ' ') : NULL;
    if (space)
        *space = '\0';
    if (!space || !str_int(text.data, 0, INT64_MAX, &generation))
        return err_set(err, ERR_INPUT, "Invalid page token: '%s'", token);
    catalog_walk_seek(walk, space + 1, generation);
    return true;
}

static bool seek_start(struct catalog_walk *walk, const struct asked *asked, struct err *err)
{
    if (asked->token)
        return seek_token(walk, asked->token, err);
    const char *from = asked->prefix;
    if (asked->start && strcmp(asked->start, from) > 0)
        from = asked->start;
    catalog_walk_seek(walk, from, 0);
    return true;
}

/* Whether there is room for one more result. */
static bool room(struct page *page)
{
    int64_t count = (int64_t)(json_array_size(page->items) + json_array_size(page->prefixes));
    page->full = count >= page->asked->most;
    return !page->full;
}

static bool wanted(const struct asked *asked, const char *name)
{
    return !asked->glob || glob_match(asked->glob, name);
}

static bool add_item(struct page *page, const struct storage_object *object)
{
    if (!wanted(page->asked, object->name))
        return true;
    if (!room(page))
        return false;
    json_array_append_new(page->items, storage_object_to_json(object, page->base));
    str_replace(&page->last, str_copy(object->name));
    page->last_generation = object->generation;
    return true;
}

/* The part of a name up to the delimiter behind the prefix, NULL when there is none there. */
static char *folded(const struct asked *asked, const char *name)
{
    if (str_empty(asked->delimiter))
        return NULL;
    const char *at = strstr(name + strlen(asked->prefix), asked->delimiter);
    return at ? str_copy_bytes((struct bytes){name, (size_t)(at - name) + strlen(asked->delimiter)})
              : NULL;
}

/* Adds all objects under a folder as one prefix, and goes on behind them. */
static bool add_prefix(struct page *page, struct catalog_walk *walk,
                       const struct storage_object *object, const char *folder)
{
    if (!wanted(page->asked, folder) && page->asked->glob &&
        !str_ends(page->asked->glob, page->asked->delimiter))
        return add_item(page, object);
    if (!room(page))
        return false;
    json_array_append_new(page->prefixes, json_string(folder));
    if (page->asked->trailing && str_equal(object->name, folder))
        json_array_append_new(page->items, storage_object_to_json(object, page->base));
    str_replace(&page->last, str_format("%s" LAST_OF_PREFIX, folder));
    page->last_generation = 0;
    catalog_walk_seek(walk, page->last, 0);
    return true;
}

static bool fill(struct page *page, struct catalog_walk *walk, struct err *err)
{
    const struct asked *asked = page->asked;
    for (;;) {
        OWN(storage_object) struct storage_object object = {0};
        if (!catalog_walk_next(walk, &object, err))
            return err->status == 0;
        if (!str_starts(object.name, asked->prefix) ||
            (!str_empty(asked->end) && strcmp(object.name, asked->end) >= 0))
            return true;
        OWN(free) char *folder = folded(asked, object.name);
        if (folder ? !add_prefix(page, walk, &object, folder) : !add_item(page, &object))
            return true;
    }
}

static json_t *page_to_json(const struct page *page)
{
    json_t *tree = json_pack("{s:s}", "kind", "storage#objects");
    if (page->full && page->last) {
        OWN(free) char *token = token_of(page);
        json_object_set_new(tree, "nextPageToken", json_string(token));
    }
    if (json_array_size(page->prefixes))
        json_object_set(tree, "prefixes", page->prefixes);
    if (json_array_size(page->items))
        json_object_set(tree, "items", page->items);
    return tree;
}

bool rest_list_objects(struct storage_request *request, struct err *err)
{
    OWN(asked) struct asked asked = {0};
    OWN(bucket) struct bucket bucket = {0};
    if (!read_asked(request, &asked, err) ||
        !catalog_find_bucket(request->storage->catalog, request->arg[0], &bucket, err))
        return false;

    OWN(page) struct page page = {
        .asked = &asked, .base = request->base, .items = json_array(), .prefixes = json_array()};
    {
        OWN(catalog_walk) struct catalog_walk walk = {0};
        if (!catalog_walk_begin(request->storage->catalog, request->arg[0], asked.versions, &walk,
                                err) ||
            !seek_start(&walk, &asked, err) || !fill(&page, &walk, err))
            return false;
    }
    return storage_request_reply(request, page_to_json(&page));
}
