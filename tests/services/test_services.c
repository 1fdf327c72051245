/* SPDX-License-Identifier: Apache-2.0 */
/* message-dumper, vision and translate: the real programs, every envelope, over sockets. */
#include "base/base64.h"
#include "base/json/jread.h"
#include "base/str.h"
#include "tests/helpers/google_server.h"
#include "tests/helpers/process.h"
#include "tests/helpers/sockets.h"
#include "tests/helpers/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { DUMPER, VISION, TRANSLATE, SERVICES };

static const char *const names[SERVICES] = {"message-dumper", "vision", "translate"};

/* The three services and a fake Google; started by the first test that needs them. */
static struct fixture {
    struct google_server google;
    struct process process[SERVICES];
    uint16_t port[SERVICES];
    bool started;
} fixture;

static void start(struct process *process, int service, struct google_server *google,
                  const char *variable)
{
    OWN(free) char *host = google_server_host(google);
    OWN(free) char *vision = str_format("VISION_EMULATOR_HOST=%s", host);
    OWN(free) char *translation = str_format("TRANSLATE_EMULATOR_HOST=%s", host);
    const char *environment[] = {"PORT=0",
                                 "BIND_ADDRESS=127.0.0.1",
                                 "GOOGLE_CLOUD_PROJECT=demo",
                                 vision,
                                 translation,
                                 variable,
                                 NULL};
    process_start(process, names[service], NULL, environment);
}

static void stop_fixture(void)
{
    for (int i = 0; i < SERVICES; i++)
        if (process_stop(&fixture.process[i], SIGTERM) != 0)
            fprintf(stderr, "%s failed at the end\n", names[i]);
    google_server_close(&fixture.google);
}

static struct fixture *services(void)
{
    if (!fixture.started) {
        google_server_open(&fixture.google);
        for (int i = 0; i < SERVICES; i++) {
            start(&fixture.process[i], i, &fixture.google, NULL);
            fixture.port[i] = process_port(&fixture.process[i]);
        }
        fixture.started = true;
        atexit(stop_fixture);
    }
    return &fixture;
}

/* Sends a POST with head lines ("Name: value\r\n…") and a body; returns the whole answer. */
static char *post(uint16_t port, const char *head, struct bytes body)
{
    OWN(buf) struct buf request = {0};
    buf_add_format(
        &request,
        "POST / HTTP/1.1\r\nHost: service\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n",
        head, body.len);
    buf_add(&request, body.data, body.len);
    return socket_request(port, buf_bytes(&request));
}

static char *get(uint16_t port, const char *path)
{
    OWN(free) char *request =
        str_format("GET %s HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n", path);
    return socket_request(port, bytes_of(request));
}

static const char *body_of(const char *response)
{
    const char *end = strstr(response, "\r\n\r\n");
    return end ? end + 4 : "";
}

#define CE   "ce-specversion: 1.0\r\nce-id: 7\r\nce-source: /s\r\n"
#define JSON "Content-Type: application/json\r\n"
#define CE01                                                                                       \
    "CE-CloudEventsVersion: 0.1\r\nCE-EventID: 7\r\nCE-EventType: "                                \
    "google.pubsub.topic.publish\r\nCE-Source: //pubsub.googleapis.com/p/topics/t\r\n" JSON
#define CE_MESSAGE CE "ce-type: google.cloud.pubsub.topic.v1.messagePublished\r\n" JSON
#define CE_OBJECT  CE "ce-type: google.cloud.storage.object.v1.finalized\r\n" JSON
#define STRUCTURED "Content-Type: application/cloudevents+json\r\n"
#define BATCH      "Content-Type: application/cloudevents-batch+json\r\n"
#define ATTRIBUTES(type)                                                                           \
    "{\"eventType\":\"" type "\",\"bucketId\":\"pictures\",\"objectId\":\"a/sea 1.jpg\"}"
#define HELLO       "SGVsbG8gV29ybGQ="                                             /* Hello World */
#define ASK         "eyJ0ZXh0IjoiSGVsbG8gV29ybGQiLCJmcm9tIjoiZW4iLCJ0byI6ImVzIn0=" /* strict */
#define ASK_RELAXED "e3RleHQ6J0hlbGxvIFdvcmxkJywgZnJvbTogJ2VuJywgdG86J2VzJ30="     /* relaxed */
#define PICTURE     "gs://pictures/a/sea 1.jpg"
#define TEXT        "Hello World|en|es"
#define EVENT(rest)                                                                                \
    "{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"/s\",\"type\":\"t\"" rest "}"

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

/* Posts one picture; for many threads. */
static void *post_picture(void *context)
{
    uint16_t port = *(uint16_t *)context;
    char *response =
        post(port, CE_OBJECT, bytes_of("{\"bucket\":\"pictures\",\"name\":\"sea.jpg\"}"));
    bool good = socket_status(response) == 200;
    free(response);
    return good ? context : NULL;
}

TEST(eighty_pictures_are_labelled_in_parallel)
{
    struct fixture *s = services();
    pthread_t threads[80];
    s->google.in_progress = 0;
    s->google.min_parallel =
        ARRAY_SIZE(threads); /* Google answers nobody before all eighty have asked */
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_create(&threads[i], NULL, post_picture, &s->port[VISION]);
    size_t good = 0;
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *result;
        pthread_join(threads[i], &result);
        good += result != NULL;
    }
    s->google.min_parallel = s->google.in_progress = 0;
    EXPECT_INT(good, ARRAY_SIZE(threads));
}

TEST(connections_to_google_are_reused)
{
    struct google_server google;
    struct process process;
    google_server_open(&google);
    start(&process, VISION, &google, NULL);
    uint16_t port = process_port(&process);
    for (int i = 0; i < 20; i++)
        EXPECT(post_picture(&port) != NULL);
    EXPECT_INT(google.requests, 20);
    EXPECT_INT(http_server_accepted(google.server), 1);
    EXPECT_INT(process_stop(&process, SIGTERM), 0);
    google_server_close(&google);
}

/* A service lives when it still answers. */
static void expect_alive(uint16_t port)
{
    OWN(free) char *response = post(port, CE "ce-type: t\r\n", bytes_of("alive"));
    EXPECT_INT(socket_status(response), 200);
}

TEST(an_incomplete_request_does_not_block_others)
{
    struct fixture *s = services();
    for (int i = 0; i < SERVICES; i++) {
        OWN(fd) int head = socket_connect(s->port[i]);
        OWN(fd) int body = socket_connect(s->port[i]);
        socket_send(head, bytes_of("POST / HTTP/1.1\r\nHos"));
        socket_send(body,
                    bytes_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"));
        expect_alive(s->port[i]);
    }
}

TEST(a_megabyte_of_headers_is_refused_and_freed)
{
    struct fixture *s = services();
    OWN(free) char *megabyte = alloc_zeroed(1 << 20);
    memset(megabyte, 'x', (1 << 20) - 1);
    OWN(free) char *request =
        str_format("POST / HTTP/1.1\r\nHost: x\r\nce-x: %s\r\n\r\n", megabyte);
    OWN(free) char *response = socket_request(s->port[DUMPER], bytes_of(request));
    EXPECT(!*response || socket_status(response) == 431);
    expect_alive(s->port[DUMPER]);
}

TEST(a_body_of_the_limit_is_accepted_and_one_byte_more_is_413)
{
    struct process process;
    struct google_server none;
    google_server_open(&none);
    start(&process, DUMPER, &none, "MAX_BODY_BYTES=1000");
    uint16_t port = process_port(&process);
    char body[1001];
    memset(body, 'x', sizeof(body));
    OWN(free) char *fits = post(port, CE "ce-type: t\r\n", (struct bytes){body, 1000});
    OWN(free) char *over = post(port, CE "ce-type: t\r\n", (struct bytes){body, 1001});
    EXPECT_INT(socket_status(fits), 200);
    EXPECT_INT(socket_status(over), 413);
    EXPECT_HAS(over, "body has 1001 bytes, the limit is 1000");
    EXPECT_INT(process_stop(&process, SIGTERM), 0);
    google_server_close(&none);
}

TEST(ten_thousand_connections_are_served_or_queued)
{
    struct fixture *s = services();
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    size_t most = files.rlim_cur < 10100 ? (size_t)files.rlim_cur - 100 : 10000;

    OWN(free) int *fds = alloc_zeroed(most * sizeof(*fds));
    for (size_t i = 0; i < most; i++)
        fds[i] = socket_connect(s->port[DUMPER]);
    expect_alive(s->port[DUMPER]);
    for (size_t i = 0; i < most; i++)
        close(fds[i]);
    expect_alive(s->port[DUMPER]);
}

TEST(a_client_that_does_not_read_does_not_block_others)
{
    struct fixture *s = services();
    OWN(fd) int lazy = socket_connect(s->port[DUMPER]);
    for (int i = 0; i < 200; i++)
        socket_send(lazy, bytes_of("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    expect_alive(s->port[DUMPER]);
}

/* Posts over and over on new connections until none is accepted; counts those left unanswered. */
static void *hammer(void *context)
{
    struct sockaddr_in *to = context;
    uintptr_t unanswered = 0;
    for (;;) {
        OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)to, sizeof(*to)) != 0)
            return (void *)unanswered;
        bool sent =
            socket_send(fd, bytes_of("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" CE
                                     "ce-type: t\r\nContent-Length: 5\r\n\r\nhello"));
        OWN(free) char *response = socket_read_all(fd);
        unanswered += sent && socket_status(response) != 200;
    }
}

TEST(sigterm_under_load_leaves_no_accepted_request_unanswered)
{
    struct process process;
    struct google_server none;
    google_server_open(&none);
    start(&process, DUMPER, &none, NULL);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(process_port(&process)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    pthread_t threads[8];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_create(&threads[i], NULL, hammer, &to);
    process_await(&process, "payload: hello");
    EXPECT_INT(process_stop(&process, SIGTERM), 0);
    uintptr_t unanswered = 0;
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *result;
        pthread_join(threads[i], &result);
        unanswered += (uintptr_t)result;
    }
    EXPECT_INT(unanswered, 0);
    google_server_close(&none);
}

/* Runs a program that should not start; its exit code, and its output in *log. */
static int run_to_end(const char *name, const char *argument, const char *const *environment,
                      char **log)
{
    struct process process;
    const char *arguments[] = {argument, NULL};
    process_start(&process, name, arguments, environment);
    return process_wait(&process, log);
}

TEST(an_invalid_configuration_exits_with_2_and_one_line)
{
    static const struct {
        const char *name, *variable, *text;
    } wrong[] = {
        {"message-dumper", "PORT=abc", "PORT is abc, want a whole number from 0 to 65535"},
        {"message-dumper", "MAX_BODY_BYTES=-1", "MAX_BODY_BYTES is -1, want"},
        {"message-dumper", "LOG_FORMAT=xml", "LOG_FORMAT is xml, want text or json"},
        {"vision", "GOOGLE_APPLICATION_CREDENTIALS=/does/not/exist.json", "/does/not/exist.json"},
        {"translate", "GOOGLE_APPLICATION_CREDENTIALS=/does/not/exist.json",
         "/does/not/exist.json"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        const char *environment[] = {wrong[i].variable, NULL};
        OWN(free) char *log = NULL;
        EXPECT_INT(run_to_end(wrong[i].name, NULL, environment, &log), 2);
        EXPECT_HAS(log, wrong[i].text);
        EXPECT(strchr(log, '\n') == log + strlen(log) - 1);
    }
}

TEST(help_and_version_are_printed_and_unknown_arguments_refused)
{
    for (int i = 0; i < SERVICES; i++) {
        OWN(free) char *help = NULL, *version = NULL, *unknown = NULL;
        EXPECT_INT(run_to_end(names[i], "--help", NULL, &help), 0);
        EXPECT_INT(run_to_end(names[i], "--version", NULL, &version), 0);
        EXPECT_INT(run_to_end(names[i], "--verbose", NULL, &unknown), 2);
        EXPECT_HAS(help, "usage: ");
        EXPECT_HAS(version, names[i]);
        EXPECT_HAS(unknown, "unknown argument --verbose");
    }
}

TEST(a_json_log_has_one_object_a_line_with_the_trace)
{
    struct process process;
    struct google_server none;
    google_server_open(&none);
    start(&process, DUMPER, &none, "LOG_FORMAT=json");
    uint16_t port = process_port(&process);
    free(post(port,
              "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n" CE
              "ce-type: t\r\n",
              bytes_of("a \"quoted\"\nline")));
    process_await(&process, "\"logging.googleapis.com/trace\":\"projects/demo/traces/"
                            "0af7651916cd43dd8448eb211c80319c\"");
    process_await(&process, "received message: a \\\"quoted\\\"\\nline");
    EXPECT_INT(process_stop(&process, SIGTERM), 0);
    google_server_close(&none);
}
