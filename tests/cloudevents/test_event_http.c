/* SPDX-License-Identifier: Apache-2.0 */
/* cloudevents/http: every mode and version in and out, and what is refused. */
#include "cloudevents/http.h"

#include "base/json/jread.h"
#include "base/str.h"
#include "tests/helpers/test.h"

#include <string.h>

/* Reads "Name: value" lines and a body. */
static struct err read_request(const char *const *fields, const char *body, struct headers *headers,
                               struct ce_events *events)
{
    struct err err = {0};
    for (; *fields; fields++) {
        const char *colon = strchr(*fields, ':');
        OWN(free) char *name = str_copy_bytes((struct bytes){*fields, (size_t)(colon - *fields)});
        EXPECT(headers_add(headers, name, colon + 2));
    }
    ce_events_from_http(headers, bytes_of(body), events, &err);
    return err;
}

#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define REQUIRED    "ce-specversion: 1.0", "ce-id: 1", "ce-source: /s", "ce-type: t"
#define JSON_MODE   "Content-Type: application/cloudevents+json; charset=utf-8"
#define BATCH_MODE  "Content-Type: application/cloudevents-batch+json"

/* The text of the failure; "" when there was none. Static, until the next call. */
static const char *refusal(const char *const *fields, const char *body, int *status)
{
    static struct err err;
    OWN(headers) struct headers headers = {0};
    OWN(ce_events) struct ce_events events = {0};
    err = read_request(fields, body, &headers, &events);
    *status = err.status;
    return err.text;
}

TEST(a_binary_event_is_read_from_header_fields)
{
    OWN(headers) struct headers headers = {0};
    OWN(ce_events) struct ce_events events = {0};
    struct err err =
        read_request(FIELDS("Ce-Specversion: 1.0", "CE-ID: 7", "ce-source: /s", "ce-type: t",
                            "ce-time: 2019-01-21T15:25:58.25Z", "ce-subject: Euro%20%E2%82%AC",
                            "ce-MyExt: v", "Content-Type: application/json; charset=utf-8"),
                     "{\"a\":1}", &headers, &events);
    EXPECT_STR(err.text, "");
    EXPECT_INT(events.mode, CE_BINARY);
    EXPECT_STR(events.list[0].id, "7");
    EXPECT_STR(events.list[0].subject, "Euro €");
    EXPECT_STR(events.list[0].content_type, "application/json; charset=utf-8");
    EXPECT_STR(ce_extension(&events.list[0], "myext"), "v");
    EXPECT_STR(events.list[0].data, "{\"a\":1}");
}

TEST(header_values_are_unquoted_and_decoded_once)
{
    static const struct {
        const char *sent, *meant;
    } rows[] = {
        {"ce-x: \"a \\\"b\\\" %25 c\"", "a \"b\" % c"},
        {"ce-x: %c3%a9", "é"},
        {"ce-x: %41%42", "AB"},
        {"ce-x: 100%", "100%"},
        {"ce-x: %2525", "%25"},
        {"ce-x: été 2020", "été 2020"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(headers) struct headers headers = {0};
        OWN(ce_events) struct ce_events events = {0};
        read_request(FIELDS(REQUIRED, rows[i].sent), "", &headers, &events);
        EXPECT_STR(ce_extension(&events.list[0], "x"), rows[i].meant);
    }
}

TEST(an_event_without_a_body_has_no_data)
{
    OWN(headers) struct headers headers = {0};
    OWN(ce_events) struct ce_events events = {0};
    read_request(FIELDS(REQUIRED), "", &headers, &events);
    EXPECT(events.list[0].data == NULL);
    EXPECT(events.list[0].content_type == NULL);
}

TEST(the_versions_0_1_to_0_3_are_read_into_the_same_fields)
{
    static const char *const v03[] = {
        "ce-specversion: 0.3",     "ce-id: 3", "ce-type: t", "ce-source: /s",
        "ce-schemaurl: http://x/", NULL};
    static const char *const v02[] = {"ce-specversion: \"0.2\"",
                                      "ce-id: \"3\"",
                                      "ce-type: \"t\"",
                                      "ce-source: \"/s\"",
                                      "ce-schemaurl: \"http://x/\"",
                                      NULL};
    static const char *const v01[] = {"CE-CloudEventsVersion: 0.1",
                                      "CE-EventID: 3",
                                      "CE-EventType: t",
                                      "CE-Source: /s",
                                      "CE-SchemaURL: http://x/",
                                      "CE-X-Mine: v",
                                      NULL};
    static const char *const *const versions[] = {v03, v02, v01};
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        OWN(headers) struct headers headers = {0};
        OWN(ce_events) struct ce_events events = {0};
        struct err err = read_request(versions[i], "x", &headers, &events);
        EXPECT_STR(err.text, "");
        EXPECT_STR(events.list[0].id, "3");
        EXPECT_STR(events.list[0].type, "t");
        EXPECT_STR(events.list[0].schema, "http://x/");
    }
}

TEST(a_structured_event_keeps_json_data_as_json)
{
    OWN(headers) struct headers headers = {0};
    OWN(ce_events) struct ce_events events = {0};
    struct err err = read_request(FIELDS(JSON_MODE),
                                  "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/"
                                  "s\",\"type\":\"t\",\"num\":5,\"yes\":true,"
                                  "\"subject\":null,\"data\":{\"b\":[1,\"x\"],\"a\":null}}",
                                  &headers, &events);
    EXPECT_STR(err.text, "");
    EXPECT_STR(events.list[0].data, "{\"b\":[1,\"x\"],\"a\":null}");
    EXPECT(events.list[0].subject == NULL);
    EXPECT_INT(json_integer_value(json_object_get(events.list[0].extensions, "num")), 5);
    EXPECT(json_is_true(json_object_get(events.list[0].extensions, "yes")));
}

TEST(structured_data_follows_its_content_type)
{
    static const struct {
        const char *members, *data;
    } rows[] = {
        {"\"data\":\"abc\"", "\"abc\""},
        {"\"data\":null", "null"},
        {"\"datacontenttype\":\"application/vnd.x+json\",\"data\":7", "7"},
        {"\"datacontenttype\":\"text/plain\",\"data\":\"abc\"", "abc"},
        {"\"datacontenttype\":\"application/xml\",\"data\":\"<a/>\"", "<a/>"},
        {"\"data_base64\":\"SGVsbG8=\"", "Hello"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(headers) struct headers headers = {0};
        OWN(ce_events) struct ce_events events = {0};
        OWN(free) char *body =
            str_format("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",%s}",
                       rows[i].members);
        struct err err = read_request(FIELDS(JSON_MODE), body, &headers, &events);
        EXPECT_STR(err.text, "");
        EXPECT_STR(events.list[0].data, rows[i].data);
    }
}

TEST(version_0_3_announces_base64_by_its_encoding)
{
    OWN(headers) struct headers headers = {0};
    OWN(ce_events) struct ce_events events = {0};
    read_request(FIELDS(JSON_MODE),
                 "{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\","
                 "\"datacontentencoding\":\"base64\",\"data\":\"SGVsbG8=\"}",
                 &headers, &events);
    EXPECT_STR(events.list[0].data, "Hello");
}

TEST(version_0_1_keeps_its_extensions_in_an_object)
{
    OWN(headers) struct headers headers = {0};
    OWN(ce_events) struct ce_events events = {0};
    struct err err =
        read_request(FIELDS(JSON_MODE),
                     "{\"cloudEventsVersion\":\"0.1\",\"eventID\":\"1\",\"source\":\"/s\","
                     "\"eventType\":\"t\",\"extensions\":{\"aKey\":\"v\"},\"data\":{\"a\":1}}",
                     &headers, &events);
    EXPECT_STR(err.text, "");
    EXPECT_STR(ce_extension(&events.list[0], "aKey"), "v");
}

TEST(a_batch_gives_each_of_its_events_and_may_be_empty)
{
    OWN(headers) struct headers headers = {0};
    OWN(ce_events) struct ce_events events = {0};
    read_request(FIELDS(BATCH_MODE),
                 "[{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"},"
                 "{\"specversion\":\"1.0\",\"id\":\"2\",\"source\":\"/s\",\"type\":\"t\"}]",
                 &headers, &events);
    EXPECT_INT(events.count, 2);
    EXPECT_STR(events.list[1].id, "2");

    OWN(headers) struct headers empty_headers = {0};
    OWN(ce_events) struct ce_events none = {0};
    struct err err = read_request(FIELDS(BATCH_MODE), "[]", &empty_headers, &none);
    EXPECT_STR(err.text, "");
    EXPECT_INT(none.count, 0);
    EXPECT_INT(none.mode, CE_BATCH);
}

TEST(a_request_that_is_not_an_event_is_passed_on_unchanged)
{
    OWN(headers) struct headers headers = {0};
    OWN(ce_events) struct ce_events events = {0};
    read_request(FIELDS("Content-Type: text/plain", "X-Mine: 1"), "hello", &headers, &events);
    EXPECT_INT(events.mode, CE_NONE);
    EXPECT(events.list[0].spec_version == NULL);
    EXPECT_STR(events.list[0].data, "hello");
    EXPECT_STR(headers_get(events.list[0].request, "x-mine"), "1");
}

TEST(malformed_binary_events_are_refused_with_the_reason)
{
    static const struct {
        const char *field, *text;
    } rows[] = {
        {"ce-time: yesterday", "CloudEvent: time is yesterday, want RFC 3339"},
        {"ce-subject: ", "CloudEvent: subject is empty"},
        {"ce-subject: %C0%A0", "CloudEvent: header ce-subject is not valid UTF-8"},
        {"ce-subject: a%0Ab", "CloudEvent: subject has control characters"},
        {"ce-datacontenttype: text/plain",
         "CloudEvent: header ce-datacontenttype is not allowed; use Content-Type"},
        {"ce-bad_name: x", "CloudEvent: header ce-bad_name: only letters and digits are allowed"},
        {"ce-dataschema: relative", "CloudEvent: dataschema is relative, want an absolute URI"},
        {"ce-id: 2", "CloudEvent: duplicate header ce-id"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int status;
        EXPECT_STR(refusal(FIELDS(REQUIRED, rows[i].field), "", &status), rows[i].text);
        EXPECT_INT(status, ERR_INPUT);
    }
}

TEST(a_missing_required_attribute_is_named)
{
    static const char *const all[] = {"ce-id: 1", "ce-source: /s", "ce-type: t"};
    static const char *const names[] = {"id", "source", "type"};
    for (size_t left_out = 0; left_out < ARRAY_SIZE(all); left_out++) {
        const char *fields[4] = {"ce-specversion: 1.0"};
        for (size_t i = 0, n = 1; i < ARRAY_SIZE(all); i++)
            if (i != left_out)
                fields[n++] = all[i];
        int status;
        OWN(free) char *want = str_format("CloudEvent: %s is missing", names[left_out]);
        EXPECT_STR(refusal(fields, "", &status), want);
    }
}

TEST(malformed_structured_events_are_refused)
{
    static const char *const bodies[] = {
        "{\"specversion\":\"1.0\",\"id\":",
        "[]",
        "7",
        "",
        "{\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}",
        "{\"specversion\":\"2.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}",
        "{\"specversion\":1.0,\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}",
        "{\"specversion\":\"1.0\",\"id\":1,\"source\":\"/s\",\"type\":\"t\"}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"x\":{}}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"x\":2147483648}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"x_y\":\"\"}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/"
        "s\",\"type\":\"t\",\"data\":1,\"data_base64\":\"\"}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/"
        "s\",\"type\":\"t\",\"data_base64\":\"!\"}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\","
        "\"datacontenttype\":\"application/xml\",\"data\":{}}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"id\":\"2\",\"source\":\"/s\",\"type\":\"t\"}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        int status;
        EXPECT(*refusal(FIELDS(JSON_MODE), bodies[i], &status));
        EXPECT_INT(status, ERR_INPUT);
    }
}

TEST(a_batch_is_refused_as_a_whole)
{
    int status;
    EXPECT_STR(refusal(FIELDS(BATCH_MODE), "{}", &status), "batch of CloudEvents: is not a list");
    EXPECT_STR(refusal(FIELDS(BATCH_MODE),
                       "[{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"},"
                       "{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}]",
                       &status),
               "batch[1]: specversion is 0.3, in batch[0] it is 1.0");
    EXPECT_STR(refusal(FIELDS(BATCH_MODE),
                       "[{\"specversion\":\"1.0\",\"source\":\"/s\",\"type\":\"t\"}]", &status),
               "batch[0]: CloudEvent: id is missing");
}

TEST(other_event_formats_are_415)
{
    int status;
    refusal(FIELDS("Content-Type: application/cloudevents+avro"), "x", &status);
    EXPECT_INT(status, ERR_FORMAT);
}

/* An event with all there is, sent in one mode and read again, is the same. */
static void expect_same(const struct ce_event *a, const struct ce_event *b)
{
    EXPECT_STR(a->id, b->id);
    EXPECT_STR(a->source, b->source);
    EXPECT_STR(a->type, b->type);
    EXPECT_STR(a->subject, b->subject);
    EXPECT_STR(a->time, b->time);
    EXPECT_STR(a->schema, b->schema);
    EXPECT_STR(a->content_type, b->content_type);
    EXPECT(bytes_equal(ce_data(a), ce_data(b)));
    EXPECT_STR(ce_extension(a, "text"), ce_extension(b, "text"));
}

TEST(every_kind_of_data_survives_both_modes)
{
    static const struct {
        const char *type, *data;
        size_t len;
    } rows[] = {
        {"application/json", "{\"a\":[1,2,\"ü\"]}", 17},
        {"text/plain", "Grüße\n\"quoted\"", 16},
        {"application/octet-stream", "\0\1\2\xFF", 4},
        {"application/json", "not json", 8},
        {"text/plain", "nul\0nul", 7},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(ce_event) struct ce_event event = {0};
        ce_event_new(&event, "/s p/ü?x=%20", "t", rows[i].type,
                     (struct bytes){rows[i].data, rows[i].len});
        str_replace(&event.source, str_copy("/s/ü?x=%20"));
        event.subject = str_copy("a \"b\" 100% €");
        event.schema = str_copy("http://schema/");
        ce_set_extension(&event, "text", "v ü");

        OWN(headers) struct headers headers = {0};
        OWN(ce_events) struct ce_events binary = {0};
        struct err err = {0};
        ce_headers_from_event(&event, &headers);
        EXPECT(ce_events_from_http(&headers, ce_data(&event), &binary, &err));
        expect_same(&binary.list[0], &event);

        OWN(headers) struct headers json_headers = {0};
        OWN(ce_events) struct ce_events structured = {0};
        headers_add(&json_headers, "Content-Type", "application/cloudevents+json");
        OWN(free) char *json = ce_json_from_event(&event);
        EXPECT(ce_events_from_http(&json_headers, bytes_of(json), &structured, &err));
        expect_same(&structured.list[0], &event);
    }
}

TEST(numbers_and_booleans_keep_their_type_in_json)
{
    OWN(ce_event) struct ce_event event = {0};
    ce_event_new(&event, "/s", "t", NULL, bytes_of(""));
    ce_set_extension_int(&event, "knativeerrorcode", 500);
    OWN(free) char *json = ce_json_from_event(&event);
    EXPECT_HAS(json, "\"knativeerrorcode\":500");
    OWN(headers) struct headers headers = {0};
    ce_headers_from_event(&event, &headers);
    EXPECT_STR(headers_get(&headers, "ce-knativeerrorcode"), "500");
}

TEST(an_old_event_is_sent_on_as_1_0)
{
    OWN(headers) struct headers headers = {0}, out = {0};
    OWN(ce_events) struct ce_events events = {0};
    read_request(
        FIELDS("CE-CloudEventsVersion: 0.1", "CE-EventID: 3", "CE-EventType: t", "CE-Source: /s"),
        "x", &headers, &events);
    ce_headers_from_event(&events.list[0], &out);
    EXPECT_STR(headers_get(&out, "ce-specversion"), "1.0");
    EXPECT_STR(headers_get(&out, "ce-id"), "3");
}

TEST(an_old_extension_is_sent_on_under_a_name_that_1_0_allows)
{
    OWN(headers) struct headers headers = {0}, out = {0};
    OWN(ce_events) struct ce_events events = {0}, again = {0};
    read_request(FIELDS("ce-specversion: 0.2", "ce-id: 3", "ce-type: t", "ce-source: /s",
                        "ce-attrib-key: v"),
                 "x", &headers, &events);
    ce_headers_from_event(&events.list[0], &out);
    EXPECT_STR(headers_get(&out, "ce-attribkey"), "v");
    struct err err = {0};
    EXPECT(ce_events_from_http(&out, bytes_of("x"), &again, &err));
}
