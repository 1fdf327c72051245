/* A Google that is one function: answers by rules, remembers what it was asked, and owns the clock.
 */
#ifndef TESTS_HELPERS_FAKE_GOOGLE_H
#define TESTS_HELPERS_FAKE_GOOGLE_H

#include "gcp/call/environment.h"
#include "gcp/client/client.h"

#include <pthread.h>

enum { MOST_ASKED = 64 };

/* A rule's status: an answer larger than asked for. */
enum { FAKE_TOO_LARGE = -1 };

/* What a call whose "METHOD URL" contains `when` gets, as long as times last. */
struct rule {
    const char *when;
    int status; /* 0: no answer, the connection was cut */
    const char *body;
    const char *header; /* one more header field: "Retry-After: 7" */
    int times;          /* 0 = always */
};

struct asked {
    char *line; /* "POST https://host/path" */
    struct headers headers;
    char *body;
};

/* Set rules, now_ns and chance; all zero else. */
struct fake {
    const struct rule *rules;
    size_t count;
    int64_t now_ns;
    double chance;

    pthread_mutex_t lock;
    int used[32];
    struct asked asked[MOST_ASKED];
    size_t asked_count;
    int64_t waited_ns[MOST_ASKED];
    size_t waited_count;
};

/* Begins: NOW is 2026-01-01T00:00:00Z. */
void fake_init(struct fake *fake, const struct rule *rules, size_t count);
void fake_done(struct fake *fake);

static inline void own_fake(struct fake *local)
{
    fake_done(local);
}

struct outside fake_outside(struct fake *fake);

/* A header field of the last call, NULL when it had none. */
const char *fake_header(const struct fake *fake, const char *name);

/* The last call: its line, and its body. */
const char *fake_line(const struct fake *fake);
const char *fake_body(const struct fake *fake);

enum { FAKE_NOW_SEC = 1767225600 };

/* Removes what the environment says about Google, so that tests begin alike everywhere, and sets
 * pairs of names and values, ended by NULL. */
void fake_env_from(const char *const *pairs);
#define fake_env(...) fake_env_from((const char *const[]){__VA_ARGS__})

/* A gcp as the environment says, for enum gcp_api. */
struct gcp *fake_open(struct fake *fake, unsigned apis, struct err *err);

/* A gcp whose APIs are all emulated at http://fake, in project p. */
struct gcp *fake_gcp(struct fake *fake);

#endif
