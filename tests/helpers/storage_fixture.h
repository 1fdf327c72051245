/* A storage behind a server of its own, and a client that asks it. */
#ifndef TESTS_HELPERS_STORAGE_FIXTURE_H
#define TESTS_HELPERS_STORAGE_FIXTURE_H

#include "gcp-local/storage/storage.h"
#include "net/client/http_client.h"
#include "net/server/http_server.h"

#include <jansson.h>
#include <pthread.h>

struct fixture {
    struct storage *storage;
    struct http_server *server;
    struct http_client *client;
    char base[64];        /* "http://127.0.0.1:PORT" */
    pthread_mutex_t lock; /* guards published */
    json_t *published;    /* [{"topic", "attributes", "data"}] */
};

/* Opens with data_dir (NULL: in memory), or fails the test. */
void fixture_open(struct fixture *fixture, const char *data_dir);
void fixture_done(struct fixture *fixture);

static inline void own_fixture(struct fixture *local)
{
    fixture_done(local);
}

/* An answer; the JSON of its body, or NULL. */
struct answer {
    struct http_answer http;
    json_t *json;
};

void answer_done(struct answer *answer);

static inline void own_answer(struct answer *local)
{
    answer_done(local);
}

/* Asks; fields are "Name: value" texts, ended by NULL. path is what follows the base. */
struct answer ask(struct fixture *fixture, const char *method, const char *path, struct bytes body,
                  ...);

/* The same with a body that is a text and no fields. */
struct answer ask_text(struct fixture *fixture, const char *method, const char *path,
                       const char *body);

/* Makes a bucket; uploads a text as media. */
void make_bucket(struct fixture *fixture, const char *name);
void put_text(struct fixture *fixture, const char *bucket, const char *name, const char *text);

const char *answer_text(const struct answer *answer);                     /* the body */
const char *answer_field(const struct answer *answer, const char *name);  /* of the head, or "" */
const char *answer_member(const struct answer *answer, const char *name); /* of the JSON, or "" */
const char *answer_error(const struct answer *answer); /* Google's error message, or "" */

/* A new folder under TMPDIR, and its removal with all that is in it. The caller frees the text. */
char *make_temp_folder(void);
void remove_folder(const char *folder);

#endif
