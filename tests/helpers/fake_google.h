/* SPDX-License-Identifier: Apache-2.0 */
/* A Google that is one function: answers by rules, remembers what it was asked, and owns the clock.
 */
#ifndef TESTS_HELPERS_FAKE_GOOGLE_H
#define TESTS_HELPERS_FAKE_GOOGLE_H

#include "gcp/call/environment.h"
#include "gcp/client/client.h"

#include <pthread.h>

enum { FAKE_GOOGLE_MAX_REQUESTS = 64 };

/* A rule's status: an answer larger than asked for. */
enum { FAKE_GOOGLE_TOO_LARGE = -1 };

/* What a call whose "METHOD URL" contains `when` gets, as long as times last. */
struct fake_response {
    const char *when;
    int status; /* 0: no answer, the connection was cut */
    const char *body;
    const char *header; /* one more header field: "Retry-After: 7" */
    int times;          /* 0 = always */
};

struct recorded_request {
    char *line; /* "POST https://host/path" */
    struct headers headers;
    char *body;
};

/* Set rules, now_ns and chance; all zero else. */
struct fake_google {
    const struct fake_response *rules;
    size_t count;
    int64_t now_ns;
    double random;

    pthread_mutex_t lock;
    int used[32];
    struct recorded_request asked[FAKE_GOOGLE_MAX_REQUESTS];
    size_t asked_count;
    int64_t waited_ns[FAKE_GOOGLE_MAX_REQUESTS];
    size_t waited_count;
};

/* Begins: NOW is 2026-01-01T00:00:00Z. */
void fake_google_init(struct fake_google *fake, const struct fake_response *rules, size_t count);
void fake_google_done(struct fake_google *fake);

static inline void own_fake_google(struct fake_google *local)
{
    fake_google_done(local);
}

struct gcp_environment fake_google_environment(struct fake_google *fake);

/* A header field of the last call, NULL when it had none. */
const char *fake_google_header(const struct fake_google *fake, const char *name);

/* The last call: its line, and its body. */
const char *fake_google_line(const struct fake_google *fake);
const char *fake_google_body(const struct fake_google *fake);

enum { FAKE_GOOGLE_NOW_SEC = 1767225600 };

/* Removes what the environment says about Google, so that tests begin alike everywhere, and sets
 * pairs of names and values, ended by NULL. */
void fake_google_env_from(const char *const *pairs);
#define fake_google_env(...) fake_google_env_from((const char *const[]){__VA_ARGS__})

/* A gcp as the environment says, for enum gcp_api. */
struct gcp *fake_google_open(struct fake_google *fake, unsigned apis, struct err *err);

/* A gcp whose APIs are all emulated at http://fake, in project p. */
struct gcp *fake_google_emulated(struct fake_google *fake);

#endif
