/* SPDX-License-Identifier: Apache-2.0 */
/* A fake Google: one function that answers by rules. */
#include "tests/helpers/fake_google.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "tests/helpers/test.h"

#include <string.h>

void fake_google_init(struct fake_google *fake, const struct fake_response *rules, size_t count)
{
    *fake = (struct fake_google){
        .rules = rules, .count = count, .now_ns = FAKE_GOOGLE_NOW_SEC * 1000000000LL};
    fake->random = 1;
    pthread_mutex_init(&fake->lock, NULL);
}

void fake_google_done(struct fake_google *fake)
{
    for (size_t i = 0; i < fake->request_count && i < FAKE_GOOGLE_MAX_REQUESTS; i++) {
        free(fake->requests[i].line);
        free(fake->requests[i].body);
        headers_done(&fake->requests[i].headers);
    }
    pthread_mutex_destroy(&fake->lock);
}

static void record(struct fake_google *fake, const struct http_call *call, const char *line)
{
    size_t i = fake->request_count++;
    if (i >= FAKE_GOOGLE_MAX_REQUESTS)
        return;
    fake->requests[i].line = str_copy(line);
    fake->requests[i].body = str_copy_bytes(call->body);
    if (call->headers)
        headers_copy(&fake->requests[i].headers, call->headers);
}

static const struct fake_response *find_rule(struct fake_google *fake, const char *line)
{
    for (size_t i = 0; i < fake->count; i++) {
        const struct fake_response *rule = &fake->rules[i];
        if (!strstr(line, rule->when) || (rule->times && fake->used[i] >= rule->times))
            continue;
        fake->used[i]++;
        return rule;
    }
    return NULL;
}

static void add_header(struct headers *headers, const char *line)
{
    const char *colon = strstr(line, ": ");
    OWN(free) char *name = str_copy_bytes((struct bytes){line, (size_t)(colon - line)});
    headers_add(headers, name, colon + 2);
}

static bool send_to_fake(void *context, const struct http_call *call,
                         struct http_response *response, struct err *err)
{
    struct fake_google *fake = context;
    const char *method = call->method ? call->method : call->body.len ? "POST" : "GET";
    OWN(free) char *line = str_format("%s %s", method, call->url);
    pthread_mutex_lock(&fake->lock);
    record(fake, call, line);
    const struct fake_response *rule = find_rule(fake, line);
    pthread_mutex_unlock(&fake->lock);
    if (!rule)
        return err_set(err, ERR_INTERNAL, "the fake has no rule for %s", line);
    if (rule->status == 0)
        return err_set(err, ERR_UNAVAILABLE, "connection cut");
    if (rule->status == FAKE_GOOGLE_TOO_LARGE)
        return err_set(err, ERR_TOO_LARGE, "the reply is too large");
    response->status = rule->status;
    if (rule->body)
        buf_add_text(&response->body, rule->body);
    if (rule->header)
        add_header(&response->headers, rule->header);
    return true;
}

static int64_t fake_now(void *context)
{
    struct fake_google *fake = context;
    pthread_mutex_lock(&fake->lock);
    int64_t now_ns = fake->now_ns;
    pthread_mutex_unlock(&fake->lock);
    return now_ns;
}

static void fake_wait(void *context, int64_t ns)
{
    struct fake_google *fake = context;
    pthread_mutex_lock(&fake->lock);
    fake->now_ns += ns;
    if (fake->sleep_count < FAKE_GOOGLE_MAX_REQUESTS)
        fake->sleeps_ns[fake->sleep_count++] = ns;
    pthread_mutex_unlock(&fake->lock);
}

static double fake_chance(void *context)
{
    return ((struct fake_google *)context)->random;
}

struct gcp_environment fake_google_environment(struct fake_google *fake)
{
    return (struct gcp_environment){
        .send = send_to_fake,
        .now_ns = fake_now,
        .monotonic_ns = fake_now,
        .sleep_ns = fake_wait,
        .random = fake_chance,
        .context = fake,
    };
}

const char *fake_google_header(const struct fake_google *fake, const char *name)
{
    return headers_get(&fake->requests[fake->request_count - 1].headers, name);
}

const char *fake_google_line(const struct fake_google *fake)
{
    return fake->requests[fake->request_count - 1].line;
}

const char *fake_google_body(const struct fake_google *fake)
{
    return fake->requests[fake->request_count - 1].body;
}

void fake_google_env_from(const char *const *pairs)
{
    static const char *const names[] = {
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CLOUD_PROJECT",
        "GCLOUD_PROJECT",
        "PUBSUB_PROJECT_ID",
        "GOOGLE_CLOUD_QUOTA_PROJECT",
        "CLOUDSDK_CONFIG",
        "CLOUDSDK_CORE_PROJECT",
        "CLOUDSDK_ACTIVE_CONFIG_NAME",
        "PUBSUB_EMULATOR_HOST",
        "STORAGE_EMULATOR_HOST",
        "VISION_EMULATOR_HOST",
        "TRANSLATE_EMULATOR_HOST",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_VISION",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_TRANSLATE",
        "GCE_METADATA_HOST",
        "GCE_METADATA_ROOT",
        "GCE_METADATA_TIMEOUT",
        "NO_GCE_CHECK",
        "TRANSLATE_API",
        "PUSH_AUDIENCE",
        "PUSH_EMAIL",
        "PUSH_JWKS_URL",
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        unsetenv(names[i]);
    setenv("HOME", "/nonexistent", 1);

    for (; *pairs; pairs += 2)
        setenv(pairs[0], pairs[1], 1);
}

struct gcp *fake_google_open(struct fake_google *fake, unsigned apis, struct err *err)
{
    struct gcp_environment env = fake_google_environment(fake);
    struct gcp_options options = {.apis = apis};
    return gcp_open_with(&options, &env, err);
}

struct gcp *fake_google_emulated(struct fake_google *fake)
{
    fake_google_env("PUBSUB_EMULATOR_HOST", "fake", "STORAGE_EMULATOR_HOST", "fake",
                    "VISION_EMULATOR_HOST", "fake", "TRANSLATE_EMULATOR_HOST", "fake",
                    "GOOGLE_CLOUD_PROJECT", "p", NULL);
    struct err err = {0};
    struct gcp *gcp = fake_google_open(fake, 0, &err);
    EXPECT_STR(err.text, "");
    return gcp;
}
