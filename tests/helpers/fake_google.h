/* SPDX-License-Identifier: Apache-2.0 */
/* A fake Google: one function that answers by rules and records its requests, and a fake clock. */
#ifndef TESTS_HELPERS_FAKE_GOOGLE_H
#define TESTS_HELPERS_FAKE_GOOGLE_H

#include "gcp/call/environment.h"
#include "gcp/client/client.h"

#include <pthread.h>

enum { FAKE_GOOGLE_MAX_REQUESTS = 64 };

/* The status of a rule: a response larger than the limit. */
enum { FAKE_GOOGLE_TOO_LARGE = -1 };

/* The response to calls whose "METHOD URL" contains `when`. */
struct fake_response {
    const char *when;
    int status; /* 0 = no response, the connection is lost */
    const char *body;
    const char *header; /* one more header field: "Retry-After: 7" */
    int times;          /* how often the rule is used; 0 = always */
};

struct recorded_request {
    char *line; /* "POST https://host/path" */
    struct headers headers;
    char *body;
};

struct fake_google {
    const struct fake_response *rules;
    size_t count;
    int64_t now_ns;
    double random;

    pthread_mutex_t lock;
    int used[32];
    struct recorded_request requests[FAKE_GOOGLE_MAX_REQUESTS];
    size_t request_count;
    int64_t sleeps_ns[FAKE_GOOGLE_MAX_REQUESTS];
    size_t sleep_count;
};

/* The clock starts at FAKE_GOOGLE_NOW_SEC, 2026-01-01T00:00:00Z; random is 1. */
void fake_google_init(struct fake_google *fake, const struct fake_response *rules, size_t count);
void fake_google_done(struct fake_google *fake);

static inline void own_fake_google(struct fake_google *local)
{
    fake_google_done(local);
}

struct gcp_environment fake_google_environment(struct fake_google *fake);

/* The value of a header field of the last call; NULL when absent. */
const char *fake_google_header(const struct fake_google *fake, const char *name);

/* "METHOD URL" and the body of the last call. */
const char *fake_google_line(const struct fake_google *fake);
const char *fake_google_body(const struct fake_google *fake);

enum { FAKE_GOOGLE_NOW_SEC = 1767225600 };

/* Unsets all environment variables that libgcp reads, and sets pairs of names and values, ended by
 * NULL. */
void fake_google_env_from(const char *const *pairs);
#define fake_google_env(...) fake_google_env_from((const char *const[]){__VA_ARGS__})

/* Opens a gcp configured by the environment; apis as in gcp_options. */
struct gcp *fake_google_open(struct fake_google *fake, unsigned apis, struct err *err);

/* Opens a gcp with emulators at http://fake for all APIs, and project p. */
struct gcp *fake_google_emulated(struct fake_google *fake);

#endif
