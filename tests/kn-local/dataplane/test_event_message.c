/* SPDX-License-Identifier: Apache-2.0 */
/* Events are carried as the bytes that came, whichever mode they came in; what was taken can always
 * be stored, read and dead-lettered. */
#include "base/base64.h"
#include "base/str.h"
#include "kn-local/dataplane/dead_letter.h"
#include "kn-local/dataplane/event_message.h"
#include "tests/helpers/test.h"

#include <dirent.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcasecmp(((const struct header *)a)->name, ((const struct header *)b)->name);
}

/* All fields of an event, sorted, as text, and its body. */
static char *text_of(const struct event_message *event)
{
    OWN(headers) struct headers sorted = {0};
    struct buf text = {0};
    headers_copy(&sorted, &event->headers);
    qsort(sorted.list, sorted.count, sizeof(*sorted.list), by_name);
    for (size_t i = 0; i < sorted.count; i++)
        buf_add_format(&text, "%s=%s;", sorted.list[i].name, sorted.list[i].value);
    buf_add_format(&text, " %s", event->body.data ? event->body.data : "");
    return buf_take(&text);
}

/* What a request becomes; its status when it is refused. */
static char *read_request(const struct headers *headers, const char *body)
{
    struct err err = {0};
    OWN(buf) struct buf content = {0};
    buf_add_text(&content, body);
    OWN(event_message)
    struct event_message *event = event_message_from_http(headers, &content, &err);
    return event ? text_of(event) : str_format("%d", err.status);
}

/* A binary event with one field added, or changed when it is there; value NULL removes it. */
static struct headers event_with(const char *name, const char *value)
{
    static const char *const fields[][2] = {
        {"ce-specversion", "1.0"}, {"ce-id", "7"},        {"ce-type", "t"},    {"ce-source", "/s"},
        {"Host", "127.0.0.1:80"},  {"X-Request-Id", "r"}, {"Cookie", "secret"}};
    struct headers headers = {0};
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        headers_add(&headers, fields[i][0], fields[i][1]);
    if (name)
        headers_set(&headers, name, value);
    return headers;
}

/* The value that field has on its way out; "" when it is gone, "400" when the event is refused. */
static char *carried(const char *name, const char *value)
{
    struct err err = {0};
    OWN(headers) struct headers headers = event_with(name, value);
    OWN(buf) struct buf body = {0};
    OWN(event_message) struct event_message *event = event_message_from_http(&headers, &body, &err);
    const char *out = event ? headers_get(&event->headers, name) : "400";
    return str_copy(out ? out : "");
}

TEST(attribute_values_are_carried_as_the_bytes_that_came)
{
    static const char *const values[] = {
        "a%20b",
        "100% sure",
        "%zz",
        "%C3%28",
        "%00",
        "\"quoted\"",
        "a\"b",
        "a b",
        "caf\303\251",
        "caf\351",
        "%7E",
        "my%20photo%20%C3%A9.jpg",
        "\360\237\230\200",
    };
    static const char *const names[] = {"ce-subject", "ce-own", "ce-id", "ce-type", "ce-source"};
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
            OWN(free) char *out = carried(names[j], values[i]);
            EXPECT_STR(out, values[i]);
        }
}

TEST(a_field_is_carried_left_out_or_refused)
{
    static const struct {
        const char *name, *value, *out;
    } rows[] = {
        {"ce-source", "//storage.googleapis.com/projects/_/buckets/my b", NULL},
        {"ce-source", "/a%2fb", NULL},
        {"ce-subject", "", ""},
        {"ce-time", "", ""},
        {"ce-own", "", ""},
        {"ce-id", "", "400"},
        {"ce-id", "  ", "400"},
        {"ce-type", "", "400"},
        {"ce-source", "", "400"},
        {"ce-subject", "a\tb", "400"},
        {"ce-own", "\001", "400"},
        {"ce-own", "\177", "400"},
        {"ce-time", "2019-01-21T15:25:58.250Z", NULL},
        {"ce-time", "yesterday", "400"},
        {"ce-dataschema", "http://a/", NULL},
        {"ce-dataschema", "/a", "400"},
        {"ce-datacontenttype", "text/plain", "400"},
        {"ce-data", "x", "400"},
        {"ce-bad_name", "x", "400"},
        {"ce-", "x", "400"},
        {"CE-Own", "x", "x"},
        {"ce-a234567890123456789012345678901234567890123456789012345678901234", "x", NULL},
        {"ce-a2345678901234567890123456789012345678901234567890123456789012345", "x", "400"},
        {"ce-specversion", "0.3", NULL},
        {"ce-specversion", "0.2", "400"},
        {"ce-specversion", "1.1", "400"},
        {"Content-Type", "Text/Plain; charset=UTF-8", NULL},
        {"Content-Type", "\013application/cloudevents+json", "400"},
        {"Content-Type", "application/cloudevents+avro", NULL},
        {"Content-Type", "application/cloudevents-batch+json", "400"},
        {"traceparent", "t", NULL},
        {"tracestate", "t", NULL},
        {"baggage", "t", NULL},
        {"b3", "t", ""},
        {"X-B3-TraceId", "t", NULL},
        {"Knative-Own", "t", NULL},
        {"Retry-After", "t", NULL},
        {"Prefer", "reply", ""},
        {"Kn-Namespace", "x", ""},
        {"Authorization", "x", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *out = carried(rows[i].name, rows[i].value);
        EXPECT_STR(out, rows[i].out ? rows[i].out : rows[i].value);
    }
}

TEST(an_attribute_that_is_there_twice_is_refused)
{
    static const char *const names[] = {"ce-id", "CE-ID", "ce-type", "ce-specversion"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        OWN(headers) struct headers headers = event_with(NULL, NULL);
        headers_add(&headers, names[i], "1.0");
        OWN(free) char *out = read_request(&headers, "");
        EXPECT_STR(out, "400");
    }
}

static char *read_structured(const char *type, const char *members)
{
    OWN(headers) struct headers headers = {0};
    headers_add(&headers, "Content-Type", type);
    OWN(free) char *body = str_format(
        "{\"specversion\":\"1.0\",\"id\":\"7\",\"type\":\"t\",\"source\":\"/s\"%s}", members);
    return read_request(&headers, body);
}

#define BASE "ce-id=7;ce-source=/s;ce-specversion=1.0;ce-type=t;"

TEST(a_structured_event_becomes_a_binary_one)
{
    static const struct {
        const char *members, *out;
    } rows[] = {
        {"", BASE " "},
        {",\"subject\":\"photo \303\251 \\\"x\\\" 100%\"",
         "ce-id=7;ce-source=/s;ce-specversion=1.0;ce-subject=photo \303\251 \"x\" "
         "100%;ce-type=t; "},
        {",\"own\":5,\"flag\":true,\"none\":null",
         "ce-flag=true;ce-id=7;ce-own=5;ce-source=/s;ce-specversion=1.0;ce-type=t; "},
        {",\"data\":{\"b\": 1,  \"a\":\"\303\251\\u00e9\"}",
         BASE " {\"b\": 1,  \"a\":\"\303\251\\u00e9\"}"},
        {", \"data\" :  [1.0, {\"a\":\"]},\"}] ", BASE " [1.0, {\"a\":\"]},\"}]"},
        {",\"data\":\"text\"", BASE " \"text\""},
        {",\"data\":null", BASE " null"},
        {",\"x\":\"{\\\"data\\\":1}\",\"data\":1e2",
         "ce-id=7;ce-source=/s;ce-specversion=1.0;ce-type=t;ce-x={\"data\":1}; 1e2"},
        {",\"datacontenttype\":\"text/plain\",\"data\":\"text\"",
         BASE "Content-Type=text/plain; text"},
        {",\"data_base64\":\"aGk=\"", BASE " hi"},
        {",\"data_base64\":\"%%\"", "400"},
        {",\"data\":1,\"data_base64\":\"aGk=\"", "400"},
        {",\"datacontenttype\":\"text/plain\",\"data\":{}", "400"},
        {",\"own\":1.5", "400"},
        {",\"own\":3000000000", "400"},
        {",\"own\":{}", "400"},
        {",\"own\":\"a\\nb\"", "400"},
        {",\"own\":\"a\\u0001b\"", "400"},
        {",\"TIME\":\"x\"", "400"},
        {",\"ID\":\"2\"", "400"},
        {",\"SpecVersion\":\"9\"", "400"},
        {",\"DataContentType\":\"x\"", "400"},
        {",\"a-b\":\"x\"", "400"},
        {",\"a2345678901234567890123456789012345678901234567890123456789012345\":\"x\"", "400"},
        {",\"time\":\"yesterday\"", "400"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *out =
            read_structured("application/cloudevents+json; charset=utf-8", rows[i].members);
        EXPECT_STR(out, rows[i].out);
    }
}

TEST(what_is_not_an_event_is_refused)
{
    static const char *const types[] = {NULL, "text/plain", "application/cloudevents-batch+json",
                                        "application/cloudevents+avro",
                                        "application/cloudevents+json"};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        OWN(headers) struct headers headers = {0};
        if (types[i])
            headers_add(&headers, "Content-Type", types[i]);
        OWN(free) char *out = read_request(&headers, "[]");
        EXPECT_STR(out, "400");
    }
}

/* The value of a field of the dead letter that an event becomes. */
static char *letter_field(const struct event_message *event, const struct delivery_failure *failure,
                          const char *name)
{
    OWN(event_message) struct event_message *letter = dead_letter_new(event, failure);
    const char *value = headers_get(&letter->headers, name);
    return str_copy(value ? value : "(absent)");
}

TEST(a_dead_letter_is_the_event_with_what_failed)
{
    struct err err = {0};
    OWN(headers) struct headers headers = event_with("ce-subject", "100% \"x\"");
    OWN(buf) struct buf body = {0};
    OWN(event_message) struct event_message *event = event_message_from_http(&headers, &body, &err);
    static const struct {
        int status;
        const char *answer, *code, *data;
    } rows[] = {
        {400, "bad", "400", "YmFk"},
        {999, "", "999", ""},
        {-1, "", "-1", ""},
        {0, "", "500", "ZGlzcGF0Y2ggZXJyb3I6IGdvbmU="},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct delivery_failure failure = {"http://a/", rows[i].status,
                                                 bytes_of(rows[i].answer), "gone"};
        OWN(free) char *code = letter_field(event, &failure, "ce-knativeerrorcode");
        OWN(free) char *data = letter_field(event, &failure, "ce-knativeerrordata");
        OWN(free) char *subject = letter_field(event, &failure, "ce-subject");
        EXPECT_STR(code, rows[i].code);
        EXPECT_STR(data, rows[i].data);
        EXPECT_STR(subject, "100% \"x\"");
    }
}

/* How an answer of a subscriber is taken: "none", "bad", or the reply's fields and body. */
static char *read_answer(const char *const *fields, const char *body)
{
    struct err err = {0};
    OWN(headers) struct headers request = event_with("traceparent", "of the request");
    OWN(buf) struct buf none = {0};
    OWN(event_message) struct event_message *event = event_message_from_http(&request, &none, &err);
    OWN(headers) struct headers headers = {0};
    for (; *fields; fields += 2)
        headers_add(&headers, fields[0], fields[1]);
    OWN(buf) struct buf content = {0};
    buf_add_text(&content, body);
    OWN(event_message) struct event_message *reply = NULL;
    if (!event_message_from_answer(&headers, &content, event, &reply, &err))
        return str_copy("bad");
    return reply ? text_of(reply) : str_copy("none");
}

TEST(an_answer_holds_a_reply_or_none_or_a_broken_one)
{
    static const char json[] = "application/cloudevents+json";
    static const struct {
        const char *fields[9], *body, *out;
    } rows[] = {
        {{"Content-Type", "text/plain"}, "hi", "none"},
        {{"ce-id", "1"}, "", "none"},
        {{"ce-specversion", "9", "ce-id", "1"}, "", "none"},
        {{"ce-specversion", "1.0"}, "x", "ce-specversion=1.0;traceparent=of the request; x"},
        {{"ce-specversion", "1.0", "ce-own", "caf\351 %"},
         "x",
         "ce-own=caf\351 %;ce-specversion=1.0;traceparent=of the request; x"},
        {{"ce-specversion", "1.0", "traceparent", "of the answer", "b3", "x", "X-Request-Id", "q"},
         "",
         "ce-specversion=1.0;traceparent=of the request;X-Request-Id=q; "},
        {{"ce-specversion", "1.0", "ce-own", "\001"}, "x", "bad"},
        {{"Content-Type", json},
         "{\"specversion\":\"1.0\"}",
         "ce-specversion=1.0;traceparent=of the request; "},
        {{"Content-Type", json}, "no JSON", "bad"},
        {{"Content-Type", json}, "{\"specversion\":\"9\"}", "bad"},
        {{"Content-Type", "application/cloudevents-batch+json"}, "[]", "bad"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *out = read_answer(rows[i].fields, rows[i].body);
        EXPECT_STR(out, rows[i].out);
    }
}

/* Whatever was taken can be stored, read back, and made a dead letter that would be taken again. */
static void expect_can_be_kept(struct event_message *event)
{
    struct err err = {0};
    OWN(buf) struct buf packed = {0};
    event_message_pack_headers(event, &packed);
    OWN(event_message)
    struct event_message *back =
        event_message_from_store(buf_bytes(&packed), buf_bytes(&event->body));
    EXPECT(back != NULL);
    OWN(free) char *before = text_of(event);
    OWN(free) char *after = text_of(back);
    EXPECT_STR(after, before);
    const struct delivery_failure failure = {"http://a/", 400, bytes_of("bad"), NULL};
    OWN(event_message) struct event_message *letter = dead_letter_new(back, &failure);
    OWN(buf) struct buf body = {0};
    OWN(event_message)
    struct event_message *again = event_message_from_http(&letter->headers, &body, &err);
    EXPECT_STR(err.text, "");
    EXPECT(again != NULL);
}

/* Takes the header lines of a fuzzer's input off; returns where its body begins. */
static const char *read_lines(const char *text, const char *end, struct headers *headers)
{
    while (text < end && *text != '\n') {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        stop = stop ? stop : end;
        OWN(free) char *line = str_copy_bytes((struct bytes){text, (size_t)(stop - text)});
        char *colon = strstr(line, ": ");
        if (colon) {
            *colon = '\0';
            headers_add(headers, line, colon + 2);
        }
        text = stop < end ? stop + 1 : end;
    }
    return text < end ? text + 1 : end;
}

/* Reads a request out of a fuzzer's input; true when it was taken, and could be kept. */
static bool keep_input(struct bytes input)
{
    struct err err = {0};
    OWN(headers) struct headers headers = {0};
    OWN(buf) struct buf body = {0};
    const char *end = input.data + input.len, *rest = read_lines(input.data, end, &headers);
    buf_add(&body, rest, (size_t)(end - rest));
    OWN(event_message) struct event_message *event = event_message_from_http(&headers, &body, &err);
    if (event)
        expect_can_be_kept(event);
    return event != NULL;
}

TEST(whatever_is_taken_can_be_stored_and_dead_lettered)
{
    DIR *dir = opendir("tests/fuzz/corpus/event");
    EXPECT(dir != NULL);
    int taken = 0;
    unsigned seed = 1;
    for (struct dirent *entry; (entry = readdir(dir));) {
        OWN(free) char *path = str_format("tests/fuzz/corpus/event/%s", entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (!file)
            continue;
        char original[4096], changed[sizeof(original)];
        size_t len = fread(original, 1, sizeof(original), file);
        fclose(file);
        for (int i = 0; i < 2000; i++) {
            memcpy(changed, original, len);
            for (int j = i % 8; j > 0; j--) {
                size_t from = (size_t)rand_r(&seed) % len, to = (size_t)rand_r(&seed) % len;
                changed[to] = rand_r(&seed) % 2 ? original[from] : (char)rand_r(&seed);
            }
            taken += keep_input((struct bytes){changed, len});
        }
    }
    closedir(dir);
    EXPECT(taken > 1000);
}

TEST(fields_of_the_store_that_are_cut_give_no_event_or_a_shorter_one)
{
    struct err err = {0};
    OWN(headers) struct headers headers = event_with(NULL, NULL);
    OWN(buf) struct buf body = {0};
    buf_add(&body, "a\0b", 3);
    OWN(event_message) struct event_message *event = event_message_from_http(&headers, &body, &err);
    EXPECT(bytes_equal(buf_bytes(&event->body), (struct bytes){"a\0b", 3}));
    OWN(buf) struct buf packed = {0};
    event_message_pack_headers(event, &packed);
    for (size_t len = 1; len < packed.len; len++) {
        OWN(event_message)
        struct event_message *cut =
            event_message_from_store((struct bytes){packed.data, len}, (struct bytes){0});
        EXPECT(!cut || cut->headers.count < event->headers.count);
    }
}
