/* SPDX-License-Identifier: Apache-2.0 */
/* A failure as one value: a status for our caller and one line of text. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum {
    ERR_INPUT = 400,        /* what we were given is wrong; sending it again cannot help */
    ERR_UNAUTHORIZED = 401, /* no credentials, or not valid ones */
    ERR_FORBIDDEN = 403,    /* valid credentials without this permission */
    ERR_NOT_FOUND = 404,    /* what was named does not exist */
    ERR_CONFLICT = 409,     /* it exists already, or was changed meanwhile */
    ERR_TOO_LARGE = 413,    /* more than a limit we set ourselves */
    ERR_FORMAT = 415,       /* a format that is not supported */
    ERR_INTERNAL = 500,     /* a bug, or a broken installation */
    ERR_UPSTREAM = 502,     /* a service we called answered badly */
    ERR_UNAVAILABLE = 503,  /* not now; the same request may work later */
};

/* A failure, written once, where it is first known. Owns nothing: never freed.
 * On success a function leaves its err alone. Setting one twice is a bug: sanitizer builds abort,
 * others keep the first. */
struct err {
    int status;          /* 0 on success, else the HTTP status our caller should see */
    int errno_code;      /* the errno of the system call that failed; 0 = none */
    const char *reason;  /* the failure's name where its protocol has names, e.g. Google's
                          * "FAILED_PRECONDITION"; a literal, NULL = as the status says */
    int retry_after_sec; /* when the refusing server asked to try again; 0 = it did not say */
    char text[512];      /* one line, outermost context first */
};

#pragma GCC visibility push(default) /* libgcp exports these */

/* Writes a failure. Returns false, so that failing is one line. Text that is too long ends in
 * "..."; line breaks and tabs become spaces, other control characters '?'. */
bool err_set(struct err *err, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set; the text ends with ": " and what errno means, and errno is kept in errno_code. */
bool err_set_errno(struct err *err, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set, with the name that the protocol has for the failure: a literal. */
bool err_set_reason(struct err *err, int status, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts context and ": " before the text of a failure, and keeps its status. Returns false. */
bool err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#pragma GCC visibility pop

#endif
