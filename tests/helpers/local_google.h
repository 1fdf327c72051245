/* A Vision and a Translation on a free port that note what they are asked. */
#ifndef TESTS_HELPERS_LOCAL_GOOGLE_H
#define TESTS_HELPERS_LOCAL_GOOGLE_H

#include "net/server/http_server.h"

#include <pthread.h>

struct local_google {
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

void local_google_open(struct local_google *google);
void local_google_close(struct local_google *google);

/* "127.0.0.1:PORT", as the emulator variables want it. The caller frees. */
char *local_google_host(const struct local_google *google);

/* What was asked last, and forgets it; NULL = nothing. The caller frees. */
char *local_google_asked(struct local_google *google);

#endif
