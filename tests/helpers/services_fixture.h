/* SPDX-License-Identifier: Apache-2.0 */
/* The three services as real programs, with a fake Google, for one test program. */
#ifndef TESTS_HELPERS_SERVICES_FIXTURE_H
#define TESTS_HELPERS_SERVICES_FIXTURE_H

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

static inline struct fixture *services(void)
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
static inline char *post(uint16_t port, const char *head, struct bytes body)
{
    OWN(buf) struct buf request = {0};
    buf_add_format(
        &request,
        "POST / HTTP/1.1\r\nHost: service\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n",
        head, body.len);
    buf_add(&request, body.data, body.len);
    return socket_request(port, buf_bytes(&request));
}

static inline char *get(uint16_t port, const char *path)
{
    OWN(free) char *request =
        str_format("GET %s HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n", path);
    return socket_request(port, bytes_of(request));
}

static inline const char *body_of(const char *response)
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

#endif
