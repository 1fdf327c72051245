/* SPDX-License-Identifier: Apache-2.0 */
/* A Vision and a Translation on a free port that note what they are asked. */
#ifndef TESTS_HELPERS_GOOGLE_SERVER_H
#define TESTS_HELPERS_GOOGLE_SERVER_H

#include "net/server/http_server.h"

#include <pthread.h>

struct google_server {
    struct http_server *server;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    char *asked;        /* the last picture's URI or translation "text|source|target"; owned */
    unsigned requests;  /* so many so far */
    unsigned waiting;   /* under way */
    unsigned crowd;     /* answers wait until so many are under way; 0 = at once */
    int status;         /* answered instead of 200 with `answer`, when set */
    const char *answer; /* JSON to answer; NULL: five labels, or "Hola Mundo" */
    char *keys;         /* JWKS served at /keys; owned */
};

void google_server_open(struct google_server *google);
void google_server_close(struct google_server *google);

/* "127.0.0.1:PORT", as the emulator variables want it. The caller frees. */
char *google_server_host(const struct google_server *google);

/* What was asked last, and forgets it; NULL = nothing. The caller frees. */
char *google_server_last_request(struct google_server *google);

#endif
