/* SPDX-License-Identifier: Apache-2.0 */
/* A failure as one value: a status for our caller and one line of text. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum {
    ERR_INPUT = 400,        /* what we were given is wrong; sending it again cannot help */
    ERR_UNAUTHORIZED = 401, /* no token, or none that we accept */
    ERR_FORBIDDEN = 403,    /* a good token of somebody who may not */
    ERR_NOT_FOUND = 404,    /* what was named does not exist */
    ERR_CONFLICT = 409,     /* it exists already, or somebody else changed it first */
    ERR_TOO_LARGE = 413,    /* more than a limit we set ourselves */
    ERR_FORMAT = 415,       /* a format that we do not read */
    ERR_INTERNAL = 500,     /* a bug, or a broken installation */
    ERR_UPSTREAM = 502,     /* a service we called answered badly */
    ERR_UNAVAILABLE = 503,  /* not now; the same request may work later */
};

/* A failure, written once, where it is first known. Owns nothing: never freed.
 * On success a function leaves its err alone; setting one twice is a bug. */
struct err {
    int status;          /* 0 while all is well, else the HTTP status our caller should see */
    const char *reason;  /* the failure's name where its protocol has names, e.g. Google's
                          * "FAILED_PRECONDITION"; static text, NULL = what the status says */
    int retry_after_sec; /* when to try again, as the one who refused said it; 0 = unsaid */
    char text[512];      /* one line, outermost context first */
};

/* Writes a failure. Returns false, so that failing is one line. Too long a text ends in "...";
 * control characters (a line break in somebody's name, say) become '?'. */
bool err_set(struct err *err, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts context and ": " before the text of a failure, and keeps its status. Returns false. */
bool err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
