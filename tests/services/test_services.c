/* SPDX-License-Identifier: Apache-2.0 */
/* message-dumper, vision and translate: the real programs, every envelope, over sockets. */
#include "base/base64.h"
#include "base/json/jread.h"
#include "base/str.h"
#include "tests/helpers/google_server.h"
#include "tests/helpers/process.h"
#include "tests/helpers/services_fixture.h"
#include "tests/helpers/sockets.h"
#include "tests/helpers/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* One request and how each service handles it. */
struct row {
    const char *name, *head, *body;
    int status[SERVICES]; /* 200 = any 2xx */
    const char *picture;  /* URI that vision sends to Google; NULL = no request */
    const char *text;     /* what translate sends */
};

#define ALL(status)                                                                                \
    {                                                                                              \
        status, status, status                                                                     \
    }

static const struct row rows[] = {
    {"the article's message", CE01,
     "{\"ID\":\"1\",\"Data\":\"" HELLO
     "\",\"Attributes\":null,\"PublishTime\":\"2019-01-21T15:25:58.25Z\"}",
     ALL(200), NULL, NULL},
    {"legacy without data", CE01, "{\"ID\":\"1\",\"Data\":null,\"Attributes\":{\"a\":\"b\"}}",
     ALL(200), NULL, NULL},
    {"legacy notification", CE01,
     "{\"ID\":\"1\",\"Data\":\"\",\"Attributes\":" ATTRIBUTES(
         "OBJECT_FINALIZE") ",\"PublishTime\":\"2019-01-21T15:25:58.25Z\"}",
     ALL(200), PICTURE, NULL},
    {"legacy translation", CE01, "{\"ID\":\"1\",\"Data\":\"" ASK "\",\"Attributes\":null}",
     ALL(200), NULL, TEXT},
    {"relaxed translation", CE01, "{\"ID\":\"1\",\"Data\":\"" ASK_RELAXED "\",\"Attributes\":null}",
     ALL(200), NULL, TEXT},
    {"legacy without a CloudEvent", JSON, "{\"ID\":\"1\",\"Data\":\"" ASK "\",\"Attributes\":null}",
     ALL(200), NULL, TEXT},
    {"pubsub event", CE_MESSAGE,
     "{\"subscription\":\"s\",\"message\":{\"messageId\":\"1\",\"data\":\"" ASK "\"}}", ALL(200),
     NULL, TEXT},
    {"pubsub event with null data", CE_MESSAGE, "{\"message\":{\"messageId\":\"1\",\"data\":null}}",
     ALL(200), NULL, NULL},
    {"pubsub event of a finalized object", CE_MESSAGE,
     "{\"message\":{\"messageId\":\"1\",\"attributes\":" ATTRIBUTES("OBJECT_FINALIZE") "}}",
     ALL(200), PICTURE, NULL},
    {"pubsub event of a deleted object", CE_MESSAGE,
     "{\"message\":{\"messageId\":\"1\",\"attributes\":" ATTRIBUTES("OBJECT_DELETE") "}}", ALL(200),
     NULL, NULL},
    {"raw pubsub event",
     CE "ce-type: google.cloud.pubsub.topic.v1.messagePublished\r\nContent-Type: "
        "application/octet-stream\r\n",
     "{\"text\":\"Hello World\",\"from\":\"en\",\"to\":\"es\"}", ALL(200), NULL, TEXT},
    {"storage event", CE_OBJECT,
     "{\"kind\":\"storage#object\",\"bucket\":\"pictures\",\"name\":\"a/sea "
     "1.jpg\",\"generation\":\"1\"}",
     ALL(200), PICTURE, NULL},
    {"storage event with numbers", CE_OBJECT,
     "{\"kind\":\"storage#object\",\"bucket\":\"pictures\",\"name\":\"a/sea "
     "1.jpg\",\"generation\":1589382953998973}",
     ALL(200), PICTURE, NULL},
    {"old storage event",
     CE "ce-type: com.google.cloud.storage.object.finalize\r\nce-subject: x\r\n" JSON,
     "{\"kind\":\"storage#object\",\"bucket\":\"pictures\",\"name\":\"a/sea 1.jpg\"}", ALL(200),
     PICTURE, NULL},
    {"storage event without a body",
     "ce-specversion: 1.0\r\nce-id: 7\r\nce-source: "
     "//storage.googleapis.com/projects/_/buckets/pictures\r\n"
     "ce-type: google.cloud.storage.object.v1.finalized\r\nce-subject: objects/a/sea%201.jpg\r\n",
     "", ALL(200), PICTURE, NULL},
    {"archived object", CE "ce-type: google.cloud.storage.object.v1.archived\r\n" JSON,
     "{\"kind\":\"storage#object\",\"bucket\":\"pictures\",\"name\":\"sea.jpg\"}", ALL(200), NULL,
     NULL},
    {"a folder", CE_OBJECT,
     "{\"kind\":\"storage#object\",\"bucket\":\"pictures\",\"name\":\"a/\",\"size\":\"0\"}",
     ALL(200), NULL, NULL},
    {"push", JSON,
     "{\"message\":{\"messageId\":\"1\",\"message_id\":\"1\",\"data\":\"" ASK
     "\"},\"subscription\":\"projects/p/subscriptions/s\"}",
     ALL(200), NULL, TEXT},
    {"push of a finalized object", JSON,
     "{\"message\":{\"messageId\":\"1\",\"attributes\":" ATTRIBUTES(
         "OBJECT_FINALIZE") "},\"subscription\":\"projects/p/subscriptions/s\"}",
     ALL(200), PICTURE, NULL},
    {"push without wrapper", "", "{\"text\":\"Hello World\",\"from\":\"en\",\"to\":\"es\"}",
     ALL(200), NULL, TEXT},
    {"push without wrapper but with metadata",
     "x-goog-pubsub-message-id: 1\r\nx-goog-pubsub-subscription-name: "
     "projects/p/subscriptions/s\r\neventtype: OBJECT_FINALIZE\r\n"
     "bucketid: pictures\r\nobjectid: a/sea 1.jpg\r\n",
     "", ALL(200), PICTURE, NULL},
    {"plain event", CE "ce-type: t\r\n" JSON, "{\"a\":1}", ALL(200), NULL, NULL},
    {"event without content type", CE "ce-type: t\r\n",
     "{\"text\":\"Hello World\",\"from\":\"en\",\"to\":\"es\"}", ALL(200), NULL, TEXT},
    {"event without data", CE "ce-type: t\r\n", "", ALL(200), NULL, NULL},
    {"structured event", STRUCTURED,
     EVENT(",\"data\":{\"text\":\"Hello World\",\"from\":\"en\",\"to\":\"es\"}"), ALL(200), NULL,
     TEXT},
    {"structured event of text", STRUCTURED,
     EVENT(",\"datacontenttype\":\"text/plain\",\"data\":\"hi\""), ALL(200), NULL, NULL},
    {"structured event with explicit null", STRUCTURED, EVENT(",\"data\":null"), ALL(200), NULL,
     NULL},
    {"structured 0.2", STRUCTURED,
     "{\"specversion\":\"0.2\",\"id\":\"1\",\"source\":\"/"
     "s\",\"type\":\"t\",\"data\":{\"a\":1},\"x\":{\"y\":5}}",
     ALL(200), NULL, NULL},
    {"batch", BATCH,
     "[" EVENT("") "," EVENT(
         ",\"data\":{\"text\":\"Hello World\",\"from\":\"en\",\"to\":\"es\"}") "]",
     ALL(200), NULL, TEXT},
    {"empty batch", BATCH, "[]", ALL(200), NULL, NULL},
    {"detection", JSON, "{\"text\":\"Hello World\",\"to\":\"es\"}", ALL(200), NULL,
     "Hello World||es"},
    {"empty from", JSON, "{\"text\":\"Hello World\",\"from\":\"\",\"to\":\"es\"}", ALL(200), NULL,
     "Hello World||es"},
    {"names in any case", JSON, "{\"Text\":\"Hello World\",\"FROM\":\"en\",\"To\":\"es\"}",
     ALL(200), NULL, TEXT},
    {"no text", JSON, "{\"to\":\"es\"}", {200, 200, 400}, NULL, NULL},
    {"no target", JSON, "{\"text\":\"Hello\"}", {200, 200, 400}, NULL, NULL},
    {"a number for a text", JSON, "{\"text\":5,\"to\":\"es\"}", {200, 200, 400}, NULL, NULL},
    {"a finalized object without a name",
     JSON,
     "{\"message\":{\"messageId\":\"1\",\"attributes\":{\"eventType\":\"OBJECT_FINALIZE\","
     "\"bucketId\":\"b\"}}}",
     {200, 400, 400},
     NULL,
     NULL},
    {"data that is not base64",
     CE01,
     "{\"ID\":\"1\",\"Data\":\"!!!\",\"Attributes\":null}",
     {200, 400, 400},
     NULL,
     NULL},
    {"legacy that is not JSON", CE01, "{\"ID\":\"1\",\"Da", ALL(400), NULL, NULL},
    {"no id", "ce-specversion: 1.0\r\nce-source: /s\r\nce-type: t\r\n", "x", ALL(400), NULL, NULL},
    {"unknown version", "ce-specversion: 2.0\r\nce-id: 7\r\nce-source: /s\r\nce-type: t\r\n", "x",
     ALL(400), NULL, NULL},
    {"bad time", CE "ce-type: t\r\nce-time: now\r\n", "x", ALL(400), NULL, NULL},
    {"overlong UTF-8", CE "ce-type: t\r\nce-x: %C0%A0\r\n", "x", ALL(400), NULL, NULL},
    {"datacontenttype as a header", CE "ce-type: t\r\nce-datacontenttype: text/plain\r\n", "x",
     ALL(400), NULL, NULL},
    {"truncated structured event", STRUCTURED, "{\"specversion\":", ALL(400), NULL, NULL},
    {"data twice", STRUCTURED, EVENT(",\"data\":1,\"data_base64\":\"MQ==\""), ALL(400), NULL, NULL},
    {"object as attribute", STRUCTURED, EVENT(",\"x\":{}"), ALL(400), NULL, NULL},
    {"XML data that is an object", STRUCTURED,
     EVENT(",\"datacontenttype\":\"application/xml\",\"data\":{}"), ALL(400), NULL, NULL},
    {"avro", "Content-Type: application/cloudevents+avro\r\n", "x", ALL(415), NULL, NULL},
    {"batch that is not a list", BATCH, "{}", ALL(400), NULL, NULL},
    {"push without a message", JSON, "{\"subscription\":\"projects/p/subscriptions/s\"}", ALL(400),
     NULL, NULL},
    {"push whose data is an object", JSON, "{\"message\":{\"data\":{}},\"subscription\":\"s\"}",
     ALL(400), NULL, NULL},
    {"nothing at all", JSON, "", ALL(400), NULL, NULL},
};

static bool status_fits(int got, int want)
{
    return want == 200 ? got == 200 || got == 202 || got == 204 : got == want;
}

static void expect_text(const char *row, const char *service, const char *got, const char *want)
{
    if (!str_equal(got, want))
        fail_msg("%s: %s asked Google for %s, not %s", row, service, got ? got : "nothing",
                 want ? want : "nothing");
}

TEST(each_service_handles_every_envelope_as_in_the_table)
{
    struct fixture *s = services();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *wanted[SERVICES] = {NULL, rows[i].picture, rows[i].text};
        for (int service = 0; service < SERVICES; service++) {
            OWN(free) char *response = post(s->port[service], rows[i].head, bytes_of(rows[i].body));
            OWN(free) char *last_request = google_server_last_request(&s->google);
            if (!status_fits(socket_status(response), rows[i].status[service]))
                fail_msg("%s: %s answered %d, not %d: %s", rows[i].name, names[service],
                         socket_status(response), rows[i].status[service], response);
            expect_text(rows[i].name, names[service], last_request, wanted[service]);
        }
    }
}

/* The file of shared samples, or NULL in a checkout without them. */
static char *sample(const char *name, size_t *len)
{
    OWN(free) char *path = str_format("../shared/wire/samples/%s", name);
    OWN(file) FILE *file = fopen(path, "re");
    OWN(buf) struct buf content = {0};
    char piece[4096];
    for (size_t got; file && (got = fread(piece, 1, sizeof(piece), file)) > 0;)
        buf_add(&content, piece, got);
    *len = content.len;
    return file ? buf_take(&content) : NULL;
}

static char *send_sample(uint16_t port, const char *name)
{
    size_t len;
    OWN(free) char *request = sample(name, &len);
    OWN(fd) int fd = socket_connect(port);
    socket_send(fd, (struct bytes){request, len});
    return socket_read_response(fd);
}

/* The status that a service must answer to a sample. */
static int expected_status(const json_t *row, const char *file, int service)
{
    static const char *const lenient[] = {"m02", "m03", "m05"};
    int status = (int)json_integer_value(json_object_get(row, "status"));
    for (size_t i = 0; i < ARRAY_SIZE(lenient); i++)
        if (service == DUMPER && str_starts(file, lenient[i]))
            return 200;
    const char *vision = json_string_value(json_object_get(row, "vision"));
    if (service == VISION && str_equal(vision, "ignore"))
        return 200; /* vision ignores it, valid or not */
    return status;
}

/* The request that a service must send to Google for a sample; NULL = none. The caller frees. */
static char *expected_google_request(const json_t *row, int service)
{
    const char *vision = json_string_value(json_object_get(row, "vision"));
    const json_t *translation = json_object_get(row, "translate");
    if (service == VISION && vision && str_starts(vision, "label "))
        return str_copy(vision + strlen("label "));
    if (service == TRANSLATE && json_is_object(translation)) {
        const char *source = json_string_value(json_object_get(translation, "source"));
        return str_format("%s|%s|%s", json_string_value(json_object_get(translation, "text")),
                          source ? source : "",
                          json_string_value(json_object_get(translation, "target")));
    }
    return NULL;
}

static void try_sample(struct fixture *s, const json_t *row)
{
    const char *file = json_string_value(json_object_get(row, "file"));
    for (int service = 0; service < SERVICES; service++) {
        OWN(free) char *response = send_sample(s->port[service], file);
        OWN(free) char *last_request = google_server_last_request(&s->google);
        OWN(free) char *want = expected_google_request(row, service);
        int status = expected_status(row, file, service);
        bool ignored_by_translate = /* a payload without text and to is acknowledged */
            service == TRANSLATE && json_is_string(json_object_get(row, "translate")) &&
            !str_starts(file, "m");
        if (!status_fits(socket_status(response), status) &&
            !(ignored_by_translate && status_fits(socket_status(response), 200)))
            fail_msg("%s: %s answered %d, not %d: %s", file, names[service],
                     socket_status(response), status, response);
        expect_text(file, names[service], last_request, want);
    }
}

/* The table above covers the same ground in any checkout. */
TEST_IF_EXISTS("../shared/wire/samples/expect.json", every_shared_sample_gets_its_status)
{
    size_t len;
    OWN(free) char *text = sample("expect.json", &len);
    EXPECT(text != NULL);
    struct fixture *s = services();
    struct err err = {0};
    json_auto_t *list = json_from_bytes((struct bytes){text, len}, "expect.json", ERR_INPUT, &err);
    size_t i;
    json_t *row;
    json_array_foreach(list, i, row)
    {
        bool request = str_equal(json_string_value(json_object_get(row, "kind")), "request");
        if (request && !json_object_get(row, "auth"))
            try_sample(s, row);
    }
}

TEST(message_dumper_logs_the_line_of_the_article_and_the_decoded_payload)
{
    struct fixture *s = services();
    OWN(free) char *response =
        post(s->port[DUMPER], CE01,
             bytes_of("{\"ID\":\"198012587785403\",\"Data\":\"" HELLO "\",\"Attributes\":null,"
                      "\"PublishTime\":\"2019-01-21T15:25:58.25Z\"}"));
    EXPECT_INT(socket_status(response), 200);
    process_await(&s->process[DUMPER],
                  "Message Dumper received message: {\"ID\":\"198012587785403\",\"Data\":\"" HELLO
                  "\",\"Attributes\":null,\"PublishTime\":\"2019-01-21T15:25:58.25Z\"}\n"
                  "  payload: Hello World\n");
}

TEST(message_dumper_shows_its_last_events)
{
    struct fixture *s = services();
    OWN(free) char *response =
        post(s->port[DUMPER], CE "ce-type: the.last.one\r\n" JSON, bytes_of("{\"a\":1}"));
    (void)response;
    OWN(free) char *events = get(s->port[DUMPER], "/events");
    struct err err = {0};
    json_auto_t *tree = json_from_bytes(bytes_of(body_of(events)), "events", ERR_INPUT, &err);
    EXPECT_STR(err.text, "");
    const json_t *newest = json_array_get(json_object_get(tree, "events"), 0);
    EXPECT_STR(json_string_value(json_object_get(newest, "type")), "the.last.one");
    EXPECT_STR(json_string_value(json_object_get(newest, "payload")), "{\"a\":1}");
}

TEST(the_history_is_limited_in_number_and_bytes)
{
    struct process process;
    struct google_server none;
    google_server_open(&none);
    start(&process, DUMPER, &none, "HISTORY_EVENTS=3");
    uint16_t port = process_port(&process);
    for (int i = 0; i < 5; i++) {
        OWN(free) char *head =
            str_format("ce-specversion: 1.0\r\nce-id: %d\r\nce-source: /s\r\nce-type: t\r\n", i);
        free(post(port, head, bytes_of("x")));
    }
    OWN(free) char *events = get(port, "/events");
    EXPECT_HAS(events, "{\"received\":5,\"events\":[");
    EXPECT_HAS(events, "\"id\":\"4\"");
    EXPECT_HAS(events, "\"id\":\"2\"");
    EXPECT(!strstr(events, "\"id\":\"1\""));

    OWN(free) char *large = alloc_zeroed(2 << 20);
    memset(large, 'x', (2 << 20) - 1);
    free(post(port, CE "ce-type: t\r\n", bytes_of(large)));
    OWN(free) char *after = get(port, "/events");
    EXPECT_HAS(after, "\"payloadOmitted\":2097151");
    EXPECT_INT(process_stop(&process, SIGTERM), 0);
    google_server_close(&none);
}

TEST(vision_logs_and_answers_the_labels)
{
    struct fixture *s = services();
    static const char line[] = "This picture is labelled: Sea,Coast,Water,Sunset,Horizon\n";
    OWN(free) char *plain =
        post(s->port[VISION], JSON,
             bytes_of("{\"message\":{\"messageId\":\"1\",\"attributes\":" ATTRIBUTES(
                 "OBJECT_FINALIZE") "}}"));
    EXPECT_STR(body_of(plain), line);
    process_await(&s->process[VISION], line);
}

TEST(an_event_gets_a_reply_event_with_labels_and_scores)
{
    struct fixture *s = services();
    OWN(free) char *response = post(s->port[VISION], CE_OBJECT,
                                    bytes_of("{\"bucket\":\"pictures\",\"name\":\"a/sea 1.jpg\"}"));
    EXPECT_HAS(response, "ce-specversion: 1.0\r\n");
    EXPECT_HAS(response, "ce-type: picture.labelled\r\n");
    EXPECT_HAS(response, "ce-source: //storage.googleapis.com/projects/_/buckets/pictures\r\n");
    EXPECT_HAS(response, "ce-subject: objects/a/sea%201.jpg\r\n");
    EXPECT_HAS(body_of(response),
               "\"text\":\"This picture is labelled: Sea,Coast,Water,Sunset,Horizon\"");
    EXPECT_HAS(body_of(response), "{\"description\":\"Sea\",\"score\":0.97");
}

TEST(translate_answers_the_text_and_the_detected_language)
{
    struct fixture *s = services();
    OWN(free) char *plain =
        post(s->port[TRANSLATE], JSON, bytes_of("{text:'Hello World', from: 'en', to:'es'}"));
    EXPECT_STR(body_of(plain), "Translated text: Hola Mundo\n");
    OWN(free) char *found =
        post(s->port[TRANSLATE], JSON, bytes_of("{\"text\":\"Hello World\",\"to\":\"es\"}"));
    EXPECT_STR(body_of(found), "Translated text: Hola Mundo\nDetected language: en\n");
    OWN(free) char *event = post(s->port[TRANSLATE], CE "ce-type: t\r\n",
                                 bytes_of("{\"text\":\"Hello World\",\"to\":\"es\"}"));
    EXPECT_HAS(event, "ce-type: text.translated\r\n");
    EXPECT_HAS(body_of(event), "\"translatedText\":\"Hola Mundo\"");
}

TEST(translate_refuses_an_incomplete_request_with_the_tutorials_messages)
{
    struct fixture *s = services();
    OWN(free) char *no_target =
        post(s->port[TRANSLATE], JSON, bytes_of("{\"text\":\"Hello\",\"to\":\"\"}"));
    EXPECT_INT(socket_status(no_target), 400);
    EXPECT_STR(body_of(no_target), "Translation 'to' cannot be empty or null\n");
    OWN(free) char *no_text = post(s->port[TRANSLATE], JSON, bytes_of("{\"to\":\"es\"}"));
    EXPECT_STR(body_of(no_text), "Translation text cannot be empty or null\n");
}

TEST(a_permanent_error_of_google_is_400_and_a_temporary_one_503)
{
    struct fixture *s = services();
    static const struct {
        int code, status;
    } errors[] = {{5, 400}, {3, 400}, {14, 503}};
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        OWN(free) char *reply =
            str_format("{\"responses\":[{\"error\":{\"code\":%d,\"message\":\"cannot open it\"}}]}",
                       errors[i].code);
        s->google.response = reply;
        OWN(free) char *response = post(s->port[VISION], CE_OBJECT,
                                        bytes_of("{\"bucket\":\"pictures\",\"name\":\"sea.jpg\"}"));
        s->google.response = NULL;
        free(google_server_last_request(&s->google));
        EXPECT_INT(socket_status(response), errors[i].status);
        EXPECT_HAS(body_of(response), "cannot open it");
    }
}

TEST(get_on_the_event_path_is_405_and_options_is_the_handshake)
{
    struct fixture *s = services();
    for (int i = 0; i < SERVICES; i++) {
        OWN(free) char *root = get(s->port[i], "/");
        EXPECT_INT(socket_status(root), 405);
        EXPECT_HAS(root, "Allow: POST, OPTIONS\r\n");
        OWN(free) char *options = socket_request(
            s->port[i], bytes_of("OPTIONS / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                 "WebHook-Request-Origin: example.com\r\n\r\n"));
        EXPECT_INT(socket_status(options), 200);
        EXPECT_HAS(options, "WebHook-Allowed-Origin: *\r\n");
    }
}

TEST(health_readiness_and_metrics_are_served)
{
    struct fixture *s = services();
    for (int i = 0; i < SERVICES; i++) {
        OWN(free) char *health = get(s->port[i], "/healthz");
        OWN(free) char *ready = get(s->port[i], "/readyz");
        OWN(free) char *metrics = get(s->port[i], "/metrics");
        EXPECT_INT(socket_status(health), 200);
        EXPECT_INT(socket_status(ready), 200);
        EXPECT_HAS(metrics, "# TYPE http_server_request_duration_seconds histogram\n");
        EXPECT_HAS(metrics, "http_response_status_code=\"200\"");
        EXPECT_HAS(metrics, "process_resident_memory_bytes ");
    }
}
