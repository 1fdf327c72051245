/* SPDX-License-Identifier: Apache-2.0 */
/* Watches: a line of JSON for each change of a selected object. */
#include "base/json/jread.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/api/api_private.h"
#include "kn-local/api/api_table.h"
#include "kn-local/api/response_streams.h"
#include "net/url.h"

#include <stdlib.h>

struct watcher {
    struct response_stream stream;
    struct object_store *objects;
    struct object_store_watch *watch;
    const struct kind *kind;
    char *ns; /* NULL: all */
    struct selector selector;
    bool table;
    char *include;
};

static void done(struct response_stream *stream)
{
    struct watcher *watcher = (struct watcher *)stream;
    object_store_unwatch(watcher->watch);
    selector_done(&watcher->selector);
    free(watcher->ns);
    free(watcher->include);
    free(watcher);
}

static void write_line(struct watcher *watcher, const char *type, json_t *shown)
{
    json_auto_t *line = json_pack("{s:s, s:o}", "type", type, "object", shown);
    OWN(free) char *text = json_to_text(line);
    OWN(free) char *with_end = str_format("%s\n", text);
    response_streams_write(&watcher->stream, bytes_of(with_end));
}

static void write_event(struct watcher *watcher, enum object_change_type type, const json_t *object)
{
    static const char *const names[] = {"ADDED", "MODIFIED", "DELETED"};
    if (!watcher->table) {
        write_line(watcher, names[type], api_object_as(object, watcher->kind));
        return;
    }
    json_auto_t *one = json_pack("[O]", object);
    const struct kind *columns = api_table_kind(watcher->kind, one);
    json_auto_t *shown = json_pack("[o]", api_object_as(object, columns));
    write_line(watcher, names[type],
               api_table_from_list(columns, shown, watcher->include, timestamp_now_ns()));
}

/* For this watcher, an object that begins to match its selector is added, one that ceases to is
 * deleted. */
static void write_change(struct watcher *watcher, const struct object_change *change)
{
    if (change->hub != kind_hub(watcher->kind) ||
        (watcher->ns && !str_equal(watcher->ns, change->ns)))
        return;
    bool was = api_is_selected(watcher->kind, &watcher->selector, change->before);
    bool is = change->type != OBJECT_DELETED &&
              api_is_selected(watcher->kind, &watcher->selector, change->object);
    if (is)
        write_event(watcher, was ? OBJECT_MODIFIED : OBJECT_ADDED, change->object);
    else if (was)
        write_event(watcher, OBJECT_DELETED, change->object);
}

static void poll(struct response_stream *stream)
{
    struct watcher *watcher = (struct watcher *)stream;
    struct object_change change;
    while (!stream->over && object_store_next_change(watcher->watch, &change)) {
        write_change(watcher, &change);
        object_change_done(&change);
    }
}

/* Writes the existing objects; returns the version from which to watch. */
static uint64_t write_existing(struct watcher *watcher)
{
    uint64_t version = 0;
    json_auto_t *all = object_store_list(watcher->objects, watcher->kind, watcher->ns, &version);
    size_t index;
    json_t *object;
    json_array_foreach(all, index, object)
    {
        if (api_is_selected(watcher->kind, &watcher->selector, object))
            write_event(watcher, OBJECT_ADDED, object);
    }
    return version;
}

static void start(struct watcher *watcher, struct response_streams *streams, const char *version)
{
    bool from_now = str_empty(version) || str_equal(version, "0");
    uint64_t since = from_now ? write_existing(watcher) : strtoull(version, NULL, 10);
    struct err err = {0};
    watcher->watch =
        object_store_watch(watcher->objects, since, response_streams_wake, streams, &err);
    if (watcher->watch)
        return;
    write_line(watcher, "ERROR", api_status_from_err(&err, NULL, NULL));
    watcher->stream.over = true;
}

static int64_t deadline(const struct http_exchange *exchange)
{
    OWN(free) char *text = url_query_get(exchange->query, "timeoutSeconds");
    int64_t seconds = 0;
    return text && str_int(text, 1, 86400, &seconds)
               ? timestamp_monotonic_ns() + seconds * NS_PER_SEC
               : 0;
}

void api_watch(struct api_request *request)
{
    OWN(selector) struct selector selector = {0};
    if (!api_read_selector(request, &selector))
        return;
    OWN(free) char *version = url_query_get(request->exchange->query, "resourceVersion");
    struct watcher *watcher = alloc_zeroed(sizeof(*watcher));
    watcher->objects = request->server->options.objects;
    watcher->kind = request->kind;
    watcher->ns = str_copy(request->path.ns);
    watcher->table = api_wants_table(request->exchange);
    watcher->include = api_table_include(request->exchange);
    watcher->selector = selector;
    selector = (struct selector){0};
    watcher->stream.until_ns = deadline(request->exchange);
    watcher->stream.poll = poll;
    watcher->stream.done = done;
    struct http_reply head = {.content_type = "application/json"};
    watcher->stream.http = http_stream_open(request->exchange, &head);
    start(watcher, request->server->streams, version);
    response_streams_add(request->server->streams, &watcher->stream);
}
