/* SPDX-License-Identifier: Apache-2.0 */
/* A fake Vision and Translation API on a free port, which records its requests. */
#ifndef TESTS_HELPERS_GOOGLE_SERVER_H
#define TESTS_HELPERS_GOOGLE_SERVER_H

#include "net/server/http_server.h"

#include <pthread.h>

struct google_server {
    struct http_server *server;
    pthread_mutex_t lock; /* guards the members below */
    pthread_cond_t changed;
    char *last_request;    /* the last picture's URI or translation "text|source|target"; owned */
    unsigned requests;     /* count */
    unsigned in_progress;  /* requests that are not answered yet */
    unsigned min_parallel; /* holds responses until so many are in progress; 0 = never */
    int status;            /* of the responses; 0 = 200 */
    const char *response;  /* JSON; NULL = five labels, or "Hola Mundo" */
    char *keys;            /* JWKS served at /keys; owned */
};

void google_server_open(struct google_server *google);
void google_server_close(struct google_server *google);

/* "127.0.0.1:PORT", for the emulator variables. The caller frees. */
char *google_server_host(const struct google_server *google);

/* Takes last_request; NULL = no request since the last call. The caller frees. */
char *google_server_last_request(struct google_server *google);

#endif
