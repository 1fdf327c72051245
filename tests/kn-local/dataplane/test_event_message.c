/* SPDX-License-Identifier: Apache-2.0 */
/* Parcels: plain events are passed on as they came, all others are read and written anew; both ways
 * come to the same. */
#include "base/str.h"
#include "kn-local/dataplane/event_message.h"
#include "kn-local/dataplane/event_passthrough.h"
#include "tests/helpers/test.h"

#include <string.h>

/* A plain event with one field added, or changed when it is there; value NULL removes it. */
static struct headers event_with(const char *name, const char *value)
{
    static const char *const fields[][2] = {
        {"ce-specversion", "1.0"}, {"ce-id", "7"},
        {"ce-type", "a.b.c"},      {"ce-source", "//pubsub.googleapis.com/projects/p/topics/t"},
        {"Host", "127.0.0.1:80"},  {"Content-Type", "application/json"},
        {"X-Request-Id", "r"},     {"Cookie", "secret"}};
    struct headers headers = {0};
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        headers_add(&headers, fields[i][0], fields[i][1]);
    if (name)
        headers_set(&headers, name, value);
    return headers;
}

TEST(an_event_is_plain_when_nothing_in_it_has_to_be_written_in_another_way)
{
    static const struct {
        const char *name, *value;
        bool plain;
    } rows[] = {
        {NULL, NULL, true},
        {"ce-time", "2019-01-21T15:25:58.25Z", true},
        {"ce-subject", "objects/beach.jpg", true},
        {"ce-own", "x", true},
        {"Content-Type", NULL, true},
        {"ce-id", NULL, false},
        {"ce-id", "", false},
        {"ce-type", NULL, false},
        {"ce-source", NULL, false},
        {"ce-source", "a b", false},
        {"ce-source", "urn:x", false},
        {"ce-specversion", NULL, false},
        {"ce-specversion", "0.3", false},
        {"ce-specversion", "2.0", false},
        {"ce-time", "yesterday", false},
        {"ce-subject", "", false},
        {"ce-subject", "with space", false},
        {"ce-subject", "%20", false},
        {"ce-subject", "\"quoted\"", false},
        {"ce-subject", "caf\303\251", false},
        {"ce-dataschema", "http://a/", false},
        {"ce-datacontenttype", "text/plain", false},
        {"ce-data", "x", false},
        {"ce-bad_name", "x", false},
        {"ce-Upper", "x", false},
        {"ce-", "x", false},
        {"Content-Type", "application/cloudevents+json", false},
        {"Content-Type", "application/cloudevents-batch+json", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(headers) struct headers from = event_with(rows[i].name, rows[i].value);
        OWN(headers) struct headers to = {0};
        EXPECT(event_passthrough_copy(&from, &to) == rows[i].plain);
        EXPECT(rows[i].plain || to.count == 0);
    }
}

TEST(an_attribute_that_stands_there_twice_is_not_plain)
{
    static const char *const names[] = {"ce-id", "CE-ID", "ce-type", "Content-Type"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        OWN(headers) struct headers from = event_with(NULL, NULL);
        OWN(headers) struct headers to = {0};
        headers_add(&from, names[i], "x");
        EXPECT(!event_passthrough_copy(&from, &to));
    }
}

static int by_name(const void *a, const void *b)
{
    return strcasecmp(((const struct header *)a)->name, ((const struct header *)b)->name);
}

/* All fields of a parcel, sorted, as text. */
static char *fields_of(struct headers *headers)
{
    struct buf text = {0};
    qsort(headers->list, headers->count, sizeof(*headers->list), by_name);
    for (size_t i = 0; i < headers->count; i++)
        buf_add_format(&text, "%s=%s;", headers->list[i].name, headers->list[i].value);
    return buf_take(&text);
}

TEST(a_plain_event_comes_out_as_if_it_had_been_read_and_written)
{
    struct err err = {0};
    OWN(headers) struct headers from = event_with("ce-time", "2019-01-21T15:25:58.25Z");
    OWN(headers) struct headers plain = {0};
    OWN(headers) struct headers written = {0};
    OWN(ce_events) struct ce_events events = {0};
    EXPECT(event_passthrough_copy(&from, &plain));
    EXPECT(ce_events_from_http(&from, bytes_of("{}"), &events, &err));
    ce_headers_from_event(&events.list[0], &written);
    OWN(free) char *one = fields_of(&plain);
    OWN(free) char *other = fields_of(&written);
    EXPECT_STR(one, other);
}

static char *packed(struct headers *headers, const char *body)
{
    struct err err = {0};
    OWN(buf) struct buf content = {0};
    buf_add_text(&content, body);
    OWN(event_message) struct event_message *parcel =
        event_message_from_http(headers, &content, "default", &err);
    if (!parcel)
        return str_format("%d", err.status);
    OWN(free) char *fields = fields_of(&parcel->headers);
    return str_format("%s %s", fields, parcel->body.data ? parcel->body.data : "");
}

TEST(values_are_written_as_the_binding_says)
{
    OWN(headers) struct headers from = event_with("ce-subject", "a b\303\251");
    OWN(free) char *result = packed(&from, "{}");
    EXPECT_STR(result, "ce-id=7;ce-source=//pubsub.googleapis.com/projects/p/topics/t;"
                       "ce-specversion=1.0;ce-subject=a%20b%C3%A9;ce-type=a.b.c;"
                       "Content-Type=application/json;Kn-Namespace=default;X-Request-Id=r; {}");
}

TEST(a_structured_event_becomes_a_binary_one)
{
    OWN(headers) struct headers from = {0};
    headers_add(&from, "Content-Type", "application/cloudevents+json; charset=utf-8");
    OWN(free) char *result =
        packed(&from, "{\"specversion\":\"1.0\",\"id\":\"7\",\"type\":\"t\","
                      "\"source\":\"/s\",\"own\":5,\"flag\":true,"
                      "\"datacontenttype\":\"text/plain\",\"data\":\"hello\"}");
    EXPECT_STR(result, "ce-flag=true;ce-id=7;ce-own=5;ce-source=/s;ce-specversion=1.0;ce-type=t;"
                       "Content-Type=text/plain;Kn-Namespace=default; hello");
}

TEST(what_is_no_event_is_refused_for_good)
{
    OWN(headers) struct headers none = {0};
    OWN(free) char *plain = packed(&none, "hello");
    EXPECT_STR(plain, "400");
    OWN(headers) struct headers batch = {0};
    headers_add(&batch, "Content-Type", "application/cloudevents-batch+json");
    OWN(free) char *many = packed(&batch, "[]");
    EXPECT_STR(many, "400");
    OWN(headers) struct headers avro = {0};
    headers_add(&avro, "Content-Type", "application/cloudevents+avro");
    OWN(free) char *format = packed(&avro, "x");
    EXPECT_STR(format, "400");
}

TEST(a_parcel_comes_back_from_the_store_as_it_went)
{
    struct err err = {0};
    OWN(headers) struct headers from = event_with(NULL, NULL);
    OWN(buf) struct buf body = {0};
    buf_add(&body, "a\0b", 3);
    OWN(event_message) struct event_message *parcel =
        event_message_from_http(&from, &body, "default", &err);
    OWN(buf) struct buf kept = {0};
    event_message_pack_headers(parcel, &kept);
    OWN(event_message) struct event_message *back =
        event_message_from_store(buf_bytes(&kept), buf_bytes(&parcel->body), 5);
    OWN(free) char *before = fields_of(&parcel->headers);
    OWN(free) char *after = fields_of(&back->headers);
    EXPECT_STR(after, before);
    EXPECT(bytes_equal(buf_bytes(&back->body), (struct bytes){"a\0b", 3}));
    EXPECT_INT(back->number, 5);
    for (size_t len = 1; len < kept.len; len++) {
        OWN(event_message) struct event_message *cut =
            event_message_from_store((struct bytes){kept.data, len}, (struct bytes){0}, 1);
        EXPECT(!cut || cut->headers.count < parcel->headers.count);
    }
}
