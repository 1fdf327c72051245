/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of objects: by prefix, grouped at a delimiter, page by page. */
#include "base/base64.h"
#include "base/str.h"
#include "gcp-local/storage/rest/glob.h"
#include "gcp-local/storage/rest/rest_actions.h"

#include <string.h>

enum { MAX_RESULTS = 1000 };

/* A byte that sorts after every byte of UTF-8. */
#define LAST_OF_PREFIX "\xFF"

/* The parameters of a list; all owned. */
struct list_options {
    char *prefix, *delimiter, *start, *end, *glob, *token;
    int64_t max;
    bool versions, trailing;
};

static void own_list_options(struct list_options *local)
{
    free(local->prefix);
    free(local->delimiter);
    free(local->start);
    free(local->end);
    free(local->glob);
    free(local->token);
}

static bool read_options(const struct storage_request *request, struct list_options *options,
                         struct err *err)
{
    options->prefix = storage_request_query(request, "prefix");
    options->delimiter = storage_request_query(request, "delimiter");
    options->start = storage_request_query(request, "startOffset");
    options->end = storage_request_query(request, "endOffset");
    options->glob = storage_request_query(request, "matchGlob");
    options->token = storage_request_query(request, "pageToken");
    options->versions = storage_request_flag(request, "versions");
    options->trailing = storage_request_flag(request, "includeTrailingDelimiter");
    if (!options->prefix)
        options->prefix = str_copy("");
    if (!storage_request_number(request, "maxResults", MAX_RESULTS, &options->max, err))
        return false;
    if (options->max == 0 || options->max > MAX_RESULTS)
        options->max = MAX_RESULTS;
    return true;
}

/* A page being filled. */
struct page {
    const struct list_options *options;
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

static char *page_token(const struct page *page)
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

static bool seek_start(struct catalog_walk *walk, const struct list_options *options,
                       struct err *err)
{
    if (options->token)
        return seek_token(walk, options->token, err);
    const char *start = options->prefix;
    if (options->start && strcmp(options->start, start) > 0)
        start = options->start;
    catalog_walk_seek(walk, start, 0);
    return true;
}

static bool has_room(struct page *page)
{
    int64_t count = (int64_t)(json_array_size(page->items) + json_array_size(page->prefixes));
    page->full = count >= page->options->max;
    return !page->full;
}

static bool selected(const struct list_options *options, const char *name)
{
    return !options->glob || glob_match(options->glob, name);
}

static bool add_item(struct page *page, const struct storage_object *object)
{
    if (!selected(page->options, object->name))
        return true;
    if (!has_room(page))
        return false;
    json_array_append_new(page->items, storage_object_to_json(object, page->base));
    str_replace(&page->last, str_copy(object->name));
    page->last_generation = object->generation;
    return true;
}

/* The part of a name up to the first delimiter after the prefix, NULL when it has none. The caller
 * frees. */
static char *folder_of(const struct list_options *options, const char *name)
{
    if (str_empty(options->delimiter))
        return NULL;
    const char *delimiter = strstr(name + strlen(options->prefix), options->delimiter);
    return delimiter ? str_copy_bytes((struct bytes){name, (size_t)(delimiter - name) +
                                                               strlen(options->delimiter)})
                     : NULL;
}

/* Adds all objects in a folder as one prefix, and skips them. */
static bool add_prefix(struct page *page, struct catalog_walk *walk,
                       const struct storage_object *object, const char *folder)
{
    if (!selected(page->options, folder) && page->options->glob &&
        !str_ends(page->options->glob, page->options->delimiter))
        return add_item(page, object);
    if (!has_room(page))
        return false;
    json_array_append_new(page->prefixes, json_string(folder));
    if (page->options->trailing && str_equal(object->name, folder))
        json_array_append_new(page->items, storage_object_to_json(object, page->base));
    str_replace(&page->last, str_format("%s" LAST_OF_PREFIX, folder));
    page->last_generation = 0;
    catalog_walk_seek(walk, page->last, 0);
    return true;
}

static bool fill(struct page *page, struct catalog_walk *walk, struct err *err)
{
    const struct list_options *options = page->options;
    for (;;) {
        OWN(storage_object) struct storage_object object = {0};
        if (!catalog_walk_next(walk, &object, err))
            return err->status == 0;
        if (!str_starts(object.name, options->prefix) ||
            (!str_empty(options->end) && strcmp(object.name, options->end) >= 0))
            return true;
        OWN(free) char *folder = folder_of(options, object.name);
        if (folder ? !add_prefix(page, walk, &object, folder) : !add_item(page, &object))
            return true;
    }
}

static json_t *page_to_json(const struct page *page)
{
    json_t *tree = json_pack("{s:s}", "kind", "storage#objects");
    if (page->full && page->last) {
        OWN(free) char *token = page_token(page);
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
    OWN(list_options) struct list_options options = {0};
    OWN(bucket) struct bucket bucket = {0};
    if (!read_options(request, &options, err) ||
        !catalog_find_bucket(request->storage->catalog, request->arg[0], &bucket, err))
        return false;

    OWN(page) struct page page = {.options = &options,
                                  .base = request->base,
                                  .items = json_array(),
                                  .prefixes = json_array()};
    {
        OWN(catalog_walk) struct catalog_walk walk = {0};
        catalog_walk_begin(request->storage->catalog, request->arg[0], options.versions, &walk);
        if (!seek_start(&walk, &options, err) || !fill(&page, &walk, err))
            return false;
    }
    return storage_request_reply(request, page_to_json(&page));
}
