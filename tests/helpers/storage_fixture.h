/* SPDX-License-Identifier: Apache-2.0 */
/* A storage with its own server and client. */
#ifndef TESTS_HELPERS_STORAGE_FIXTURE_H
#define TESTS_HELPERS_STORAGE_FIXTURE_H

#include "gcp-local/storage/rest/storage_rest.h"
#include "gcp-local/storage/storage.h"
#include "net/client/http_client.h"
#include "net/server/http_server.h"

#include <jansson.h>
#include <pthread.h>

struct storage_fixture {
    struct storage *storage;
    struct http_server *server;
    struct http_client *client;
    char base[64];        /* "http://127.0.0.1:PORT" */
    pthread_mutex_t lock; /* guards published */
    json_t *published;    /* [{"topic", "attributes", "data"}] */
};

/* Opens with data_dir (NULL: in memory), or fails the test. */
void storage_fixture_open(struct storage_fixture *fixture, const char *data_dir);
void storage_fixture_done(struct storage_fixture *fixture);

static inline void own_storage_fixture(struct storage_fixture *local)
{
    storage_fixture_done(local);
}

/* json is the body, NULL when it is not JSON. */
struct fixture_response {
    struct http_response http;
    json_t *json;
};

void fixture_response_done(struct fixture_response *response);

static inline void own_fixture_response(struct fixture_response *local)
{
    fixture_response_done(local);
}

/* Sends a request. path follows the base; the header fields are "Name: value" strings, ended by
 * NULL.
 */
struct fixture_response fixture_request(struct storage_fixture *fixture, const char *method,
                                        const char *path, struct bytes body, ...);

/* The same with a string as body and without header fields. */
struct fixture_response fixture_request_text(struct storage_fixture *fixture, const char *method,
                                             const char *path, const char *body);

/* Creates a bucket; uploads a string as media. */
void fixture_create_bucket(struct storage_fixture *fixture, const char *name);
void fixture_upload_text(struct storage_fixture *fixture, const char *bucket, const char *name,
                         const char *text);

const char *fixture_response_text(const struct fixture_response *response); /* the body */
const char *fixture_response_header(const struct fixture_response *response,
                                    const char *name); /* a header field, or "" */
const char *fixture_response_member(const struct fixture_response *response,
                                    const char *name); /* a string in the JSON, or "" */
const char *fixture_response_error(
    const struct fixture_response *response); /* Google's error message, or "" */

#endif
